"""Sessions of the Python clients of Debian, by name: sessions.py NAME PORT."""

import sys


def pika_session(port):
    """Confirms, mandatory messages, get, consume with acks, a transaction, a refused declare."""
    import pika

    url = f"amqp://guest:guest@127.0.0.1:{port}/%2f?heartbeat=30"
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.exchange_declare("fuzz", "topic", auto_delete=True)
    channel.queue_bind(queue, "fuzz", "a.*", {"x": 1})
    channel.basic_qos(prefetch_count=5)
    headers = {"n": 7, "t": True, "s": "text", "l": [1, "two", None], "d": {"in": 3}}
    properties = pika.BasicProperties(
        content_type="text/plain", delivery_mode=2, headers=headers, reply_to=queue, priority=1
    )
    for body in (b"", b"one", b"x" * 300):
        channel.basic_publish("fuzz", "a.b", body, properties, mandatory=True)
    try:
        channel.basic_publish("fuzz", "nowhere", b"lost", properties, mandatory=True)
    except pika.exceptions.UnroutableError:
        pass
    method, _, _ = channel.basic_get(queue)
    channel.basic_nack(method.delivery_tag, requeue=True)
    for method, _, _ in channel.consume(queue, inactivity_timeout=2):
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        if method.delivery_tag >= 4:
            break
    channel.cancel()
    second = connection.channel()
    second.tx_select()
    second.basic_publish("", queue, b"in a transaction")
    second.tx_commit()
    second.tx_rollback()
    try:
        second.queue_declare("no such queue", passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        pass
    channel.queue_purge(queue)
    channel.queue_delete(queue)
    connection.close()


def amqp_session(port):
    """The client of Celery: confirms, a consumer, a content in several frames."""
    import amqp

    with amqp.Connection(
        f"127.0.0.1:{port}", "guest", "guest", frame_max=4096, confirm_publish=True
    ) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True, durable=False).queue
        received = []
        channel.basic_consume(queue, callback=received.append)
        message = amqp.Message("y" * 5000, content_type="text/plain", application_headers={"a": 1})
        channel.basic_publish(message, routing_key=queue)
        channel.basic_publish(amqp.Message("short"), routing_key=queue)
        while len(received) < 2:
            connection.drain_events(timeout=5)
        channel.basic_ack(received[-1].delivery_tag, multiple=True)
        channel.basic_recover(requeue=True)
        channel.close()


def amqplib_session(port):
    """A client of AMQP 0-8."""
    from amqplib import client_0_8 as amqp

    connection = amqp.Connection(f"127.0.0.1:{port}", "guest", "guest", insist=False)
    channel = connection.channel()
    channel.access_request("/data", active=True, write=True, read=True)
    queue, _, _ = channel.queue_declare("", exclusive=True)
    channel.basic_publish(amqp.Message("old", application_headers={"a": 1}), routing_key=queue)
    message = channel.basic_get(queue)
    channel.basic_ack(message.delivery_tag)
    channel.basic_get(queue)
    channel.close()
    connection.close()


SESSIONS = {"pika": pika_session, "amqp": amqp_session, "amqplib": amqplib_session}

if __name__ == "__main__":
    SESSIONS[sys.argv[1]](int(sys.argv[2]))
