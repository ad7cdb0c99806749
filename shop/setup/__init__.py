"""What a new shop needs before its processes start: staff groups, an administrator, exchange and queues."""
