"""Queues page: rows, charts and the pipeline diagram as numbers, which templates render as SVG."""

from messaging.operations.dashboard.bar_chart import Chart, chart
from messaging.operations.dashboard.pipeline_diagram import Pipeline, pipeline

__all__ = ["Chart", "Pipeline", "chart", "pipeline"]
