"""What another server may cost: bounded time and bytes for an answer, however slowly or endlessly it sends."""
