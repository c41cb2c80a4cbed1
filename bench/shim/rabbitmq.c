/* Loops around rabbitmq-c's own functions, so that a call from Rust costs nothing per message. Each
 * returns a negative number when the library reports an error. */

#include <amqp.h>
#include <amqp_framing.h>
#include <stdint.h>
#include <string.h>

#define FRAME_MAX 131072

const char *bench_version(void) { return amqp_version(); }

/* A connection without a socket, past its tuning, for which it must have seen the beginning of a stream. */
void *bench_connection(void) {
  amqp_connection_state_t state = amqp_new_connection();
  amqp_bytes_t start = {8, "AMQP\0\0\x09\x01"};
  amqp_frame_t frame;
  if (state == NULL || amqp_handle_input(state, start, &frame) != 8 ||
      amqp_tune_connection(state, 0, FRAME_MAX, 0) < 0) {
    return NULL;
  }
  return state;
}

void bench_close(void *state) { amqp_destroy_connection(state); }

/* Decodes all frames in `octets` and releases the buffers of a channel after each body frame or ack, as a
 * client does after each message. Adds the octets of bodies to `body_octets` and returns the number of
 * frames. What isn't a whole frame yet stays with the connection. */
int64_t bench_decode(void *connection, const uint8_t *octets, size_t len, uint64_t *body_octets) {
  amqp_connection_state_t state = connection;
  amqp_bytes_t rest = {len, (void *)octets};
  int64_t frames = 0;
  while (rest.len > 0) {
    amqp_frame_t frame;
    int taken = amqp_handle_input(state, rest, &frame);
    if (taken <= 0) {
      return -1;
    }
    rest.bytes = (uint8_t *)rest.bytes + taken;
    rest.len -= (size_t)taken;
    if (frame.frame_type == 0) {
      continue; /* more is needed */
    }
    frames++;
    if (frame.frame_type == AMQP_FRAME_BODY) {
      *body_octets += frame.payload.body_fragment.len;
      amqp_maybe_release_buffers_on_channel(state, frame.channel);
    } else if (frame.frame_type == AMQP_FRAME_METHOD &&
               frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      amqp_maybe_release_buffers_on_channel(state, frame.channel);
    }
  }
  return frames;
}

/* Decodes the method and the header at the start of a publish; what they point to lies in `octets` and in
 * `connection`. */
int bench_prepare_publish(void *connection, const uint8_t *octets, size_t len, void **method,
                          void **properties) {
  amqp_connection_state_t state = connection;
  amqp_bytes_t rest = {len, (void *)octets};
  *method = NULL;
  *properties = NULL;
  while (rest.len > 0 && *properties == NULL) {
    amqp_frame_t frame;
    int taken = amqp_handle_input(state, rest, &frame);
    if (taken <= 0) {
      return -1;
    }
    rest.bytes = (uint8_t *)rest.bytes + taken;
    rest.len -= (size_t)taken;
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      *method = frame.payload.method.decoded;
    } else if (frame.frame_type == AMQP_FRAME_HEADER) {
      *properties = frame.payload.properties.decoded;
    }
  }
  return *method != NULL && *properties != NULL ? 0 : -1;
}

static uint8_t *put_16(uint8_t *out, uint16_t value) {
  *out++ = (uint8_t)(value >> 8);
  *out++ = (uint8_t)value;
  return out;
}

static uint8_t *put_32(uint8_t *out, uint32_t value) {
  return put_16(put_16(out, (uint16_t)(value >> 16)), (uint16_t)value);
}

static uint8_t *put_64(uint8_t *out, uint64_t value) {
  return put_32(put_32(out, (uint32_t)(value >> 32)), (uint32_t)value);
}

/* Writes the frame header and the end octet around a payload that is there already. */
static uint8_t *put_frame(uint8_t *frame, uint8_t type, size_t payload) {
  frame[0] = type;
  put_32(put_16(frame + 1, 1), (uint32_t)payload);
  frame[7 + payload] = AMQP_FRAME_END;
  return frame + 8 + payload;
}

/* Encodes the prepared publish with this body, frame by frame as the library does before it writes to its
 * socket, and returns the number of octets. `room` has to hold all of it. */
int64_t bench_publish(void *method, void *properties, uint8_t *out, size_t room,
                      const uint8_t *body, size_t len) {
  uint8_t *at = out;
  amqp_bytes_t space = {room - 12, at + 11};
  int size = amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, method, space);
  if (size < 0) {
    return -1;
  }
  put_32(at + 7, AMQP_BASIC_PUBLISH_METHOD);
  at = put_frame(at, AMQP_FRAME_METHOD, (size_t)size + 4);

  space.bytes = at + 19;
  space.len = room - (size_t)(at - out) - 20;
  size = amqp_encode_properties(AMQP_BASIC_CLASS, properties, space);
  if (size < 0) {
    return -1;
  }
  put_64(put_16(put_16(at + 7, AMQP_BASIC_CLASS), 0), len);
  at = put_frame(at, AMQP_FRAME_HEADER, (size_t)size + 12);

  while (len > 0) {
    size_t part = len < FRAME_MAX - 8 ? len : FRAME_MAX - 8;
    memcpy(at + 7, body, part);
    at = put_frame(at, AMQP_FRAME_BODY, part);
    body += part;
    len -= part;
  }
  return at - out;
}

/* What is done with a table that comes with its length. */
enum { DECODE = 0, ENCODE = 1, FORWARD = 2 };

/* Decodes a table so many times, or decodes it once and encodes it so many times, or does both each time;
 * returns the octets that were written last, or the entries that were read last. */
int64_t bench_table(int what, const uint8_t *octets, size_t len, uint8_t *out, size_t room,
                    size_t times) {
  static amqp_pool_t pool;
  static int pool_is_there;
  amqp_bytes_t encoded = {len, (void *)octets};
  amqp_bytes_t space = {room, out};
  amqp_table_t table = {0, NULL};
  int64_t result = 0;
  if (!pool_is_there) {
    init_amqp_pool(&pool, 16384);
    pool_is_there = 1;
  }
  for (size_t time = 0; time < times; time++) {
    size_t offset = 0;
    if (what != ENCODE || time == 0) {
      recycle_amqp_pool(&pool);
      if (amqp_decode_table(encoded, &pool, &table, &offset) < 0) {
        return -1;
      }
      result = table.num_entries;
    }
    if (what != DECODE) {
      offset = 0;
      if (amqp_encode_table(space, &table, &offset) < 0) {
        return -1;
      }
      result = (int64_t)offset;
    }
  }
  return result;
}
