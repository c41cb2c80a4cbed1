"""A session of amqplib, a client of AMQP 0-8, with a server on loopback.

    amqplib_session.py PORT login MECHANISM PASSWORD    the whole session
    amqplib_session.py PORT refused PASSWORD            a login that is refused
    amqplib_session.py PORT ended                       a connection that the server ends
    amqplib_session.py PORT not-served                  a server that doesn't speak 0-8
"""

import signal
import sys

from amqplib import client_0_8 as amqp


def connect(port, mechanism="AMQPLAIN", password="guest"):
    login = {"password": password}
    if mechanism == "PLAIN":
        login = {"login_method": "PLAIN", "login_response": "\0guest\0" + password}
    return amqp.Connection("127.0.0.1:" + port, userid="guest", **login)


def fails(wanted, code, action):
    try:
        action()
    except wanted as error:
        assert error.amqp_reply_code == code, error
        return error
    raise AssertionError(f"no {wanted.__name__}")


def login(port, mechanism, password):
    connection = connect(port, mechanism, password)
    assert (connection.version_major, connection.version_minor) == (8, 0)
    assert connection.server_properties["product"] == "amqp-proto", connection.server_properties
    channel = connection.channel()

    # Without a ticket there is no queue.
    fails(amqp.AMQPChannelException, 403, lambda: channel.queue_declare("mine"))
    channel = connection.channel()
    assert channel.access_request("/data", active=True, read=True, write=True) == 101

    channel.exchange_declare("box", "direct")
    assert channel.queue_declare("mine") == ("mine", 0, 0)
    channel.queue_bind("mine", "box", "key")
    name, _, _ = channel.queue_declare()
    assert name.startswith("amq.gen-"), name

    # A message of several frames, with properties of each kind that amqplib has.
    headers = {"text": "t", "number": -7, "table": {"inner": "i"}}
    body = b"octets" * 50_000
    sent = amqp.Message(body, content_type="application/octet-stream", delivery_mode=2,
                        priority=3, message_id="m-1", application_headers=headers)
    channel.basic_publish(sent, "box", "key")
    message = channel.basic_get("mine")
    assert message.body == body
    assert message.properties == sent.properties, message.properties
    told = message.delivery_info
    assert (told["exchange"], told["routing_key"], told["redelivered"]) == ("box", "key", False)
    channel.basic_ack(message.delivery_tag)
    assert channel.basic_get("mine") is None

    # What reaches no queue comes back, and the next reply lets amqplib see it.
    channel.basic_publish(amqp.Message(b"lost"), "box", "nowhere", mandatory=True)
    channel.queue_declare("mine")
    code, _, exchange, key, lost = channel.returned_messages.get(block=False)
    assert (code, exchange, key, lost.body) == (312, "box", "nowhere", b"lost")

    # A consumer with one message at a time.
    received = []
    channel.basic_qos(0, 1, False)
    assert channel.basic_consume("mine", "reader", callback=received.append) == "reader"
    for text in (b"one", b"two"):
        channel.basic_publish(amqp.Message(text), "box", "key")
    channel.wait()
    assert channel.queue_declare("mine") == ("mine", 1, 1)
    channel.basic_recover(requeue=True)
    channel.wait()
    first, again = received
    assert (first.body, first.delivery_info["redelivered"]) == (b"one", False)
    assert (again.body, again.delivery_info["redelivered"]) == (b"one", True)
    channel.basic_reject(again.delivery_tag, requeue=False)
    channel.wait()
    assert received[2].body == b"two"
    channel.basic_ack(received[2].delivery_tag)
    channel.basic_cancel("reader")

    # Without acks, under a tag of the server's choice.
    tag = channel.basic_consume("mine", no_ack=True, callback=received.append)
    assert tag.startswith("amq.ctag-"), tag
    channel.basic_publish(amqp.Message(b"three"), "box", "key")
    channel.wait()
    assert received[3].body == b"three"
    channel.basic_cancel(tag)

    channel.basic_publish(amqp.Message(b"four"), "box", "key")
    assert channel.queue_purge("mine") == 1
    assert channel.queue_delete("mine") == 0
    channel.exchange_delete("box")

    # The server ends a channel, and the connection goes on.
    declare = lambda: channel.queue_declare("mine", passive=True)
    error = fails(amqp.AMQPChannelException, 404, declare)
    assert error.amqp_method_sig == (50, 10), error
    channel = connection.channel()
    channel.close()
    connection.close()


def is_refused(port, password="guest"):
    try:
        connect(port, password=password)
    except IOError:
        return
    raise AssertionError("logged in")


def ended(port):
    channel = connect(port).channel()
    channel.access_request("/data", active=True)
    error = fails(amqp.AMQPConnectionException, 503, lambda: channel.exchange_declare("x", "y"))
    assert error.amqp_method_sig == (40, 10), error


signal.alarm(20)  # ends this process if the server leaves it waiting
_, port, session, *arguments = sys.argv
sessions = {"login": login, "refused": is_refused, "ended": ended, "not-served": is_refused}
sessions[session](port, *arguments)
