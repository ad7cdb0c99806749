"""Which pictures does the server draw of the queues? Shapes and numbers only; templates make SVG of them."""

from messaging.pictures.charts import Chart, chart
from messaging.pictures.pipeline import Pipeline, pipeline

__all__ = ["Chart", "Pipeline", "chart", "pipeline"]
