"""What must Celery be told so that neither RabbitMQ nor Valkey loses a message?"""

from messaging.brokers.settings import celery_settings, is_amqp
from messaging.brokers.valkey import install

__all__ = ["celery_settings", "install", "is_amqp"]
