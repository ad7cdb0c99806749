{
  "routing_key": "$name.record",
  "schema": {
    "additionalProperties": false,
    "properties": {
      "order_id": {
        "title": "Order Id",
        "type": "integer"
      }
    },
    "required": [
      "order_id"
    ],
    "title": "RecordOrder",
    "type": "object"
  },
  "task": "$name.record_order",
  "version": 1
}
