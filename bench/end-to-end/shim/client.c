/* rabbitmq-c, used as its examples do: amqp_producer.c publishes, amqp_consumer.c consumes and waits
 * for frames of its own. Every function returns NULL or what has failed.
 *
 * src/rabbitmq_c.rs declares the same functions and the same struct. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <amqp.h>
#include <amqp_tcp_socket.h>

#define CHANNEL 1

struct message {
  const char *content_type;
  const char *message_id;
  uint64_t timestamp;
  uint8_t delivery_mode;
  const char *text_name;
  const char *text;
  const char *number_name;
  int64_t number;
  const char *flag_name;
  int flag;
};

struct client {
  amqp_connection_state_t connection;
  amqp_bytes_t queue;
  amqp_basic_properties_t properties;
  amqp_table_entry_t headers[3];
  amqp_bytes_t body;
};

static const char *failure(amqp_rpc_reply_t reply) {
  switch (reply.reply_type) {
  case AMQP_RESPONSE_NORMAL:
    return NULL;
  case AMQP_RESPONSE_LIBRARY_EXCEPTION:
    return amqp_error_string2(reply.library_error);
  case AMQP_RESPONSE_SERVER_EXCEPTION:
    return "the broker has closed the channel or the connection";
  default:
    return "no reply";
  }
}

static const char *failed_status(int status) {
  return status < 0 ? amqp_error_string2(status) : NULL;
}

static void fill_message(struct client *client, const struct message *message) {
  amqp_table_entry_t *headers = client->headers;
  headers[0].key = amqp_cstring_bytes(message->text_name);
  headers[0].value.kind = AMQP_FIELD_KIND_UTF8;
  headers[0].value.value.bytes = amqp_cstring_bytes(message->text);
  headers[1].key = amqp_cstring_bytes(message->number_name);
  headers[1].value.kind = AMQP_FIELD_KIND_I64;
  headers[1].value.value.i64 = message->number;
  headers[2].key = amqp_cstring_bytes(message->flag_name);
  headers[2].value.kind = AMQP_FIELD_KIND_BOOLEAN;
  headers[2].value.value.boolean = message->flag;

  amqp_basic_properties_t *properties = &client->properties;
  properties->_flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                       AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                       AMQP_BASIC_TIMESTAMP_FLAG;
  properties->content_type = amqp_cstring_bytes(message->content_type);
  properties->headers.num_entries = 3;
  properties->headers.entries = headers;
  properties->delivery_mode = message->delivery_mode;
  properties->message_id = amqp_cstring_bytes(message->message_id);
  properties->timestamp = message->timestamp;
}

/* Connects and opens a channel. What the pointers lead to has to live as long as the client. */
const char *bench_open(const char *host, int port, const char *user, const char *password,
                       const char *virtual_host, const char *queue, const struct message *message,
                       uint8_t *body, size_t size, struct client **opened) {
  struct client *client = calloc(1, sizeof(*client));
  if (client == NULL) return "no memory";
  *opened = client;
  client->queue = amqp_cstring_bytes(queue);
  client->body.bytes = body;
  client->body.len = size;
  fill_message(client, message);

  client->connection = amqp_new_connection();
  if (client->connection == NULL) return "no memory";
  amqp_socket_t *socket = amqp_tcp_socket_new(client->connection);
  if (socket == NULL) return "no socket";
  const char *failed = failed_status(amqp_socket_open(socket, host, port));
  if (failed != NULL) return failed;
  failed = failure(amqp_login(client->connection, virtual_host, 0, 131072, 0,
                              AMQP_SASL_METHOD_PLAIN, user, password));
  if (failed != NULL) return failed;
  amqp_channel_open(client->connection, CHANNEL);
  return failure(amqp_get_rpc_reply(client->connection));
}

const char *bench_select_confirms(struct client *client) {
  amqp_confirm_select(client->connection, CHANNEL);
  return failure(amqp_get_rpc_reply(client->connection));
}

const char *bench_prefetch(struct client *client, uint16_t count) {
  amqp_basic_qos(client->connection, CHANNEL, 0, count, 0);
  return failure(amqp_get_rpc_reply(client->connection));
}

/* Numbers stand in the first eight octets of a body, the highest first. */
static void put_number(uint8_t *body, uint64_t number) {
  for (int place = 7; place >= 0; place--, number >>= 8) body[place] = (uint8_t)number;
}

static uint64_t number_of(const uint8_t *body) {
  uint64_t number = 0;
  for (int place = 0; place < 8; place++) number = number << 8 | body[place];
  return number;
}

/* Publishes messages with the numbers from `first` on. */
const char *bench_publish(struct client *client, uint64_t first, uint64_t count) {
  for (uint64_t number = first; number < first + count; number++) {
    put_number(client->body.bytes, number);
    int status = amqp_basic_publish(client->connection, CHANNEL, amqp_empty_bytes, client->queue, 0,
                                    0, &client->properties, client->body);
    if (status < 0) return failed_status(status);
  }
  return NULL;
}

/* Waits until the publishes with the delivery-tags from `first` on are acked. `acked` has room for
 * `count` octets. */
const char *bench_await_confirms(struct client *client, uint64_t first, uint64_t count,
                                 uint8_t *acked) {
  uint64_t missing = count, lowest = first;
  memset(acked, 0, count);
  while (missing > 0) {
    amqp_frame_t frame;
    amqp_maybe_release_buffers(client->connection);
    int status = amqp_simple_wait_frame(client->connection, &frame);
    if (status < 0) return failed_status(status);
    if (frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      return "a frame that isn't an ack came before all publishes were acked";
    }
    const amqp_basic_ack_t *ack = frame.payload.method.decoded;
    if (ack->delivery_tag < lowest || ack->delivery_tag >= first + count) {
      return "an ack names a publish that doesn't wait for one";
    }
    uint64_t tag = ack->multiple ? lowest : ack->delivery_tag;
    for (; tag <= ack->delivery_tag; tag++) {
      missing -= !acked[tag - first];
      acked[tag - first] = 1;
    }
    while (lowest < first + count && acked[lowest - first]) lowest++;
  }
  return NULL;
}

/* Consumes messages with the numbers from 0 on; `ack_every` 0 means without acks. */
const char *bench_consume(struct client *client, uint64_t count, uint64_t ack_every,
                          const char *message_id) {
  const size_t id_len = strlen(message_id);
  amqp_basic_consume(client->connection, CHANNEL, client->queue, amqp_empty_bytes, 0,
                     ack_every == 0, 0, amqp_empty_table);
  const char *failed = failure(amqp_get_rpc_reply(client->connection));
  if (failed != NULL) return failed;

  for (uint64_t number = 0; number < count; number++) {
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(client->connection);
    failed = failure(amqp_consume_message(client->connection, &envelope, NULL, 0));
    if (failed != NULL) return failed;
    const amqp_bytes_t body = envelope.message.body;
    const amqp_bytes_t id = envelope.message.properties.message_id;
    const int as_sent = body.len == client->body.len && number_of(body.bytes) == number &&
                        id.len == id_len && memcmp(id.bytes, message_id, id_len) == 0;
    const uint64_t delivery_tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
    if (!as_sent) return "a message isn't the next one that was sent";
    if (ack_every != 0 && ((number + 1) % ack_every == 0 || number + 1 == count)) {
      const int status = amqp_basic_ack(client->connection, CHANNEL, delivery_tag, 1);
      if (status < 0) return failed_status(status);
    }
  }
  return NULL;
}

/* Asks how many messages wait in the queue. */
const char *bench_count(struct client *client, uint32_t *count) {
  const amqp_queue_declare_ok_t *ok = amqp_queue_declare(
      client->connection, CHANNEL, client->queue, 1, 0, 0, 0, amqp_empty_table);
  if (ok != NULL) *count = ok->message_count;
  return failure(amqp_get_rpc_reply(client->connection));
}

const char *bench_close(struct client *client) {
  const char *failed = failure(amqp_connection_close(client->connection, AMQP_REPLY_SUCCESS));
  return failed != NULL ? failed : failed_status(amqp_destroy_connection(client->connection));
}

void bench_free(struct client *client) { free(client); }
