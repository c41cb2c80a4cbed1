//! What must come of each cell, after the rule book. The first line that fits counts.
//!
//! Outcomes of a received frame: `ignored`; `waits`, undecoded, for a decision of the application;
//! `answered` without asking the application; `goes on`, as a part of a content; an event (`opened`,
//! `reply`, `request`, `notice`, `question`, `content`, `confirmed`, `irregular`, `connected`); `left`,
//! the channel is over; `over`, the connection is; `channel CODE RULE` and `connection CODE RULE`, a
//! violation told by a Close with this code; `dropped RULE`, a violation that ends the stream without a
//! word. Outcomes of a command: `sent`, `refused` for a reason, `no command`.

/// Names for methods that are treated alike.
pub(crate) const SETS: &[(&str, &str)] = &[
    (
        "requests",
        "access.request exchange.declare exchange.delete exchange.bound exchange.bind \
        exchange.unbind queue.declare queue.bind queue.purge queue.delete queue.unbind basic.qos \
        basic.consume basic.get basic.recover confirm.select tx.select tx.commit tx.rollback",
    ),
    (
        "replies",
        "access.request-ok exchange.*-ok queue.*-ok basic.qos-ok basic.consume-ok basic.get-ok \
        basic.get-empty basic.recover-ok confirm.select-ok tx.*-ok",
    ),
    ("deliveries", "basic.deliver basic.return"),
    // What only one side sends. Both send close, flow, cancel, ack and nack, and what answers these.
    (
        "of-client",
        "connection.start-ok connection.secure-ok connection.tune-ok connection.open \
        connection.update-secret channel.open @requests basic.publish basic.reject basic.recover-async",
    ),
    (
        "of-server",
        "connection.start connection.secure connection.tune connection.open-ok \
        connection.redirect connection.blocked connection.unblocked \
        connection.update-secret-ok channel.open-ok @replies \
        @deliveries",
    ),
    ("on-channels", "channel.* access.* exchange.* queue.* basic.* confirm.* tx.*"),
    (
        "by-itself",
        "connection.start* connection.secure* connection.tune* connection.open* \
        connection.close-ok connection.update-secret-ok channel.open-ok channel.flow-ok \
        channel.close-ok",
    ),
    ("early", "header start secure challenged login tune opening host"),
];

/// Side, direction, state, channel, method => outcome.
pub(crate) const LIST: &str = r"
# Over, or closing (CLS-01, CLS-02): only the two closes count.
*      in  closed              * *                              => ignored
*      in  closing             0 connection.close               => answered
*      in  closing             0 connection.close-ok            => over
*      in  closing             * *                              => ignored

# The application owes a decision: nothing is decoded before it.
client in  challenged          * *                              => waits
server in  login|host          * *                              => waits

# No protocol header (HDR-03).
server in  header              * *                              => over

# The handshake (HS-01), in this order. Without a Close before connection.open is sent or due (HS-02).
*      in  start|secure|tune   0 frame.heartbeat                => ignored            # HS-11
*      in  opening             0 frame.heartbeat                => ignored
*      in  start|secure|tune   1 frame.heartbeat                => dropped HB-02
*      in  opening             1 frame.heartbeat                => connection 503 HB-02
*      in  start|secure|tune   * frame.*                        => dropped HS-01
*      in  opening             * frame.*                        => connection 503 HS-01
client in  start|secure        * @of-client                     => dropped MTH-03
client in  opening             * @of-client                     => connection 503 MTH-03
server in  start|secure|tune   * @of-server                     => dropped MTH-03
server in  opening             * @of-server                     => connection 503 MTH-03
*      in  start|secure|tune   1 connection.*                   => dropped FRM-09
*      in  opening             1 connection.*                   => connection 503 FRM-09
*      in  start|secure|tune   0 @on-channels                   => dropped FRM-10
*      in  opening             0 @on-channels                   => connection 504 FRM-10
client in  start               0 connection.start               => answered
client in  secure              0 connection.secure              => dropped HS-07      # PLAIN knows none
client in  secure              0 connection.tune                => answered
client in  opening             0 connection.open-ok             => connected
client in  opening             0 connection.redirect            => over
client in  secure|opening      0 connection.close               => over               # HS-02
server in  start               0 connection.start-ok            => question
server in  secure              0 connection.secure-ok           => question           # HS-07
server in  tune                0 connection.tune-ok             => ignored
server in  opening             0 connection.open                => question
*      in  start|secure|tune   * *                              => dropped HS-01
*      in  opening             * *                              => connection 503 HS-01

# Behind this side's channel.close nothing counts but what answers it (CHN-04). A heartbeat belongs to no
# channel.
*      in  leaving             1 frame.heartbeat                => connection 503 HB-02
*      in  leaving             1 channel.close                  => answered           # CHN-05
*      in  leaving             1 channel.close-ok               => left
*      in  leaving             1 *                              => ignored

# Open: what belongs on which channel, and to which side.
*      in  *                   0 frame.heartbeat                => ignored            # HB-04
*      in  *                   1 frame.heartbeat                => connection 503 HB-02
*      in  *                   0 frame.*                        => connection 504 FRM-11
client in  *                   * @of-client                     => connection 503 MTH-03
server in  *                   * @of-server                     => connection 503 MTH-03
*      in  *                   1 connection.*                   => connection 503 FRM-09
*      in  *                   0 @on-channels                   => connection 504 FRM-10

# Channel 0, in whatever state a channel is (CLS-05).
*      in  *                   0 connection.close               => over
*      in  *                   0 connection.close-ok            => connection 503 CLS-04
client in  *                   0 connection.redirect            => over
client in  *                   0 connection.*blocked            => notice             # FLW-03, FLW-04
client in  *                   0 connection.update-secret-ok    => connection 503 SYN-03
client in  *                   0 *                              => connection 503 HS-10
server in  *                   0 connection.update-secret       => question           # FLW-05
server in  *                   0 *                              => connection 503 HS-10

# A channel that isn't open, not yet or no more.
server in  unopened            1 channel.open                   => opened
*      in  unopened            1 *                              => connection 504 CHN-01
client in  joining|rejoining   1 channel.open-ok                => opened
client in  joining|rejoining   1 channel.close                  => left
client in  joining             1 *                              => connection 504 CHN-01
# What a server had queued when it closed the channel; answers aren't queued (CHN-08).
client in  left|rejoining      1 channel.open-ok|channel.close* => connection 504 CHN-01
client in  draining            1 channel.open-ok|channel.close* => connection 504 CHN-08
client in  left|rejoining      1 *                              => ignored
client in  draining            1 *                              => ignored
server in  draining            1 *                              => connection 504 CHN-08

# Contents: one header, then the body, and nothing between on that channel.
*      in  header-due          1 frame.header                   => goes on
*      in  header-due          1 *                              => connection 505 CNT-02
*      in  body-due            1 frame.header                   => connection 505 CNT-05
*      in  body-due            1 frame.body                     => content
*      in  body-due            1 *                              => connection 505 CNT-04
*      in  *                   1 frame.*                        => connection 505 CNT-03
server in  *                   1 basic.publish                  => goes on
client in  *                   1 @deliveries                    => goes on            # SYN-04
client in  asking              1 basic.get-ok                   => goes on

# The channel itself.
server in  *                   1 channel.open                   => connection 504 CHN-02
client in  *                   1 channel.open-ok                => connection 503 SYN-03
*      in  *                   1 channel.close                  => left               # CHN-14
*      in  *                   1 channel.close-ok               => connection 503 CHN-07
*      in  *                   1 channel.flow                   => notice             # FLW-01
*      in  asking              1 channel.flow-ok                => reply
*      in  *                   1 channel.flow-ok                => connection 503 SYN-03

# What a server sends.
client in  confirming          1 basic.ack|basic.nack           => confirmed          # CNF-03
client in  *                   1 basic.ack|basic.nack           => irregular
client in  *                   1 basic.cancel                   => request            # BAS-03
client in  asking              1 basic.cancel-ok                => reply
client in  *                   1 basic.cancel-ok                => notice             # BAS-04
client in  asking              1 @replies                       => reply
client in  *                   1 *                              => connection 503 SYN-03

# What a client sends.
server in  *                   1 basic.ack|basic.nack           => notice             # ACK-01
server in  *                   1 basic.reject                   => notice
server in  *                   1 basic.recover-async            => notice             # SYN-08
server in  asking              1 basic.cancel-ok                => reply
server in  *                   1 basic.cancel-ok                => connection 503 SYN-03
server in  transacted          1 confirm.select                 => channel 406 CNF-05
server in  confirming          1 tx.select                      => channel 406 CNF-05
server in  transacted          1 tx.*                           => request            # TX-02
server in  sending             1 tx.commit|tx.rollback          => connection 501 TX-01 # no Close inside
server in  *                   1 tx.commit|tx.rollback          => channel 406 TX-01
server in  *                   1 *                              => request

# Commands. Some methods the engine alone sends, and some only the other side.
*      out *                   1 @by-itself                     => no command
*      out closing|closed      1 connection.close               => refused ConnectionPhase
*      out *                   1 connection.close               => sent               # CLS-05
client out *                   1 connection.*blocked            => refused WrongSide
client out *                   1 connection.redirect            => refused WrongSide
server out host                1 connection.redirect            => sent
server out *                   1 connection.update-secret       => refused WrongSide
server out *                   1 channel.open                   => refused WrongSide
*      out @early              1 connection.*                   => refused ConnectionPhase
*      out closing|closed      1 connection.*                   => refused ConnectionPhase
*      out *                   1 connection.*                   => sent
client out @early              1 channel.open                   => refused ConnectionPhase
client out closing|closed      1 channel.open                   => refused ConnectionPhase
client out unopened|left       1 channel.open                   => sent
client out *                   1 channel.open                   => refused ChannelPhase # CHN-06
*      out @early              1 *                              => refused UnknownChannel
*      out unopened|left|draining 1 *                           => refused UnknownChannel

# Contents that go out (CNT-04): nothing else until they are whole.
*      out sending             1 frame.body                     => sent
*      out *                   1 frame.body                     => refused NoContentOpen
client out *                   1 @of-server                     => refused WrongSide
server out *                   1 @of-client                     => refused WrongSide
*      out closing|closed      1 *                              => refused ConnectionPhase
*      out leaving             1 *                              => refused ChannelPhase # CHN-08
*      out sending             1 *                              => refused ContentOpen

# Channels: what flow and blocked stop, and what doesn't fit the channel.
client out stopped             1 basic.publish                  => refused FlowStopped # FLW-01
client out blocked             1 basic.publish                  => refused Blocked    # FLW-03
server out stopped             1 @deliveries                    => refused FlowStopped
client out joining|rejoining   1 basic.ack|basic.nack           => refused UnknownDelivery # ACK-01
client out joining|rejoining   1 basic.reject                   => refused UnknownDelivery
client out *                   1 basic.cancel-ok                => refused NotOldestRequest
client out confirming          1 tx.*                           => refused ChannelMode # CNF-05
client out transacted          1 confirm.select                 => refused ChannelMode
client out transacted          1 tx.*                           => sent
client out *                   1 tx.commit|tx.rollback          => refused ChannelMode # TX-01
client out *                   1 *                              => sent               # SYN-02
server out asking              1 basic.deliver                  => refused UnknownConsumer # BAS-01
server out confirming          1 basic.ack|basic.nack           => sent
server out *                   1 basic.ack|basic.nack           => refused UnknownPublish # CNF-03
server out owing               1 @replies                       => sent
server out owing               1 basic.cancel-ok                => sent
server out *                   1 @replies                       => refused NotOldestRequest
server out *                   1 basic.cancel-ok                => refused NotOldestRequest
server out *                   1 *                              => sent
";
