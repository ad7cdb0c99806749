"""Which pictures does the server draw of the queues? Shapes and numbers only; templates make SVG of them."""

from messaging.operations.dashboard.bar_chart import Chart, chart
from messaging.operations.dashboard.pipeline_diagram import Pipeline, pipeline

__all__ = ["Chart", "Pipeline", "chart", "pipeline"]
