//! Every method of 0-9-1 and its extensions, with the octets of smallest legal arguments.

use crate::common::{long, short};

/// Name, class id, method id, arguments.
pub(crate) type Method = (&'static str, u16, u16, Vec<u8>);

/// A table without entries.
const EMPTY: [u8; 4] = [0; 4];
const TAG: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];
const NO_TICKET: [u8; 2] = [0; 2];

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub(crate) fn methods() -> Vec<Method> {
    let (q, x, key, tag) = (short("q"), short("x"), short("k"), short("c"));
    let close = joined(&[&[0, 200], &short(""), &[0, 0, 0, 0]]);
    vec![
        ("connection.start", 10, 10, joined(&[&[0, 9], &EMPTY, &long(b"PLAIN"), &long(b"en_US")])),
        (
            "connection.start-ok",
            10,
            11,
            joined(&[&EMPTY, &short("PLAIN"), &long(b"\0guest\0guest"), &short("en_US")]),
        ),
        ("connection.secure", 10, 20, long(b"challenge")),
        ("connection.secure-ok", 10, 21, long(b"response")),
        ("connection.tune", 10, 30, vec![7, 255, 0, 2, 0, 0, 0, 60]),
        ("connection.tune-ok", 10, 31, vec![7, 255, 0, 2, 0, 0, 0, 60]),
        ("connection.open", 10, 40, joined(&[&short("/"), &[0, 0]])),
        ("connection.open-ok", 10, 41, vec![0]),
        ("connection.redirect", 10, 42, joined(&[&short("host"), &short("")])),
        ("connection.close", 10, 50, close.clone()),
        ("connection.close-ok", 10, 51, vec![]),
        ("connection.blocked", 10, 60, short("memory")),
        ("connection.unblocked", 10, 61, vec![]),
        ("connection.update-secret", 10, 70, joined(&[&long(b"token"), &short("renewed")])),
        ("connection.update-secret-ok", 10, 71, vec![]),
        ("channel.open", 20, 10, vec![0]),
        ("channel.open-ok", 20, 11, vec![0; 4]),
        ("channel.flow", 20, 20, vec![1]),
        ("channel.flow-ok", 20, 21, vec![1]),
        ("channel.close", 20, 40, close),
        ("channel.close-ok", 20, 41, vec![]),
        ("access.request", 30, 10, joined(&[&short("/data"), &[0]])),
        ("access.request-ok", 30, 11, NO_TICKET.to_vec()),
        ("exchange.declare", 40, 10, joined(&[&NO_TICKET, &x, &short("direct"), &[0], &EMPTY])),
        ("exchange.declare-ok", 40, 11, vec![]),
        ("exchange.delete", 40, 20, joined(&[&NO_TICKET, &x, &[0]])),
        ("exchange.delete-ok", 40, 21, vec![]),
        ("exchange.bound", 40, 22, joined(&[&x, &key, &q])),
        ("exchange.bound-ok", 40, 23, joined(&[&[0, 0], &short("")])),
        ("exchange.bind", 40, 30, joined(&[&NO_TICKET, &x, &x, &key, &[0], &EMPTY])),
        ("exchange.bind-ok", 40, 31, vec![]),
        ("exchange.unbind", 40, 40, joined(&[&NO_TICKET, &x, &x, &key, &[0], &EMPTY])),
        ("exchange.unbind-ok", 40, 51, vec![]),
        ("queue.declare", 50, 10, joined(&[&NO_TICKET, &q, &[0], &EMPTY])),
        ("queue.declare-ok", 50, 11, joined(&[&q, &[0; 8]])),
        ("queue.bind", 50, 20, joined(&[&NO_TICKET, &q, &x, &key, &[0], &EMPTY])),
        ("queue.bind-ok", 50, 21, vec![]),
        ("queue.purge", 50, 30, joined(&[&NO_TICKET, &q, &[0]])),
        ("queue.purge-ok", 50, 31, vec![0; 4]),
        ("queue.delete", 50, 40, joined(&[&NO_TICKET, &q, &[0]])),
        ("queue.delete-ok", 50, 41, vec![0; 4]),
        ("queue.unbind", 50, 50, joined(&[&NO_TICKET, &q, &x, &key, &EMPTY])),
        ("queue.unbind-ok", 50, 51, vec![]),
        ("basic.qos", 60, 10, vec![0; 7]),
        ("basic.qos-ok", 60, 11, vec![]),
        ("basic.consume", 60, 20, joined(&[&NO_TICKET, &q, &short("new"), &[0], &EMPTY])),
        ("basic.consume-ok", 60, 21, short("new")),
        ("basic.cancel", 60, 30, joined(&[&tag, &[0]])),
        ("basic.cancel-ok", 60, 31, tag.clone()),
        ("basic.publish", 60, 40, joined(&[&NO_TICKET, &x, &key, &[0]])),
        ("basic.return", 60, 50, joined(&[&[1, 56], &short(""), &x, &key])),
        ("basic.deliver", 60, 60, joined(&[&tag, &[0, 0, 0, 0, 0, 0, 0, 9], &[0], &x, &key])),
        ("basic.get", 60, 70, joined(&[&NO_TICKET, &q, &[0]])),
        ("basic.get-ok", 60, 71, joined(&[&[0, 0, 0, 0, 0, 0, 0, 9], &[0], &x, &key, &[0; 4]])),
        ("basic.get-empty", 60, 72, vec![0]),
        ("basic.ack", 60, 80, joined(&[&TAG, &[0]])),
        ("basic.reject", 60, 90, joined(&[&TAG, &[0]])),
        ("basic.recover-async", 60, 100, vec![0]),
        ("basic.recover", 60, 110, vec![1]),
        ("basic.recover-ok", 60, 111, vec![]),
        ("basic.nack", 60, 120, joined(&[&TAG, &[0]])),
        ("confirm.select", 85, 10, vec![0]),
        ("confirm.select-ok", 85, 11, vec![]),
        ("tx.select", 90, 10, vec![]),
        ("tx.select-ok", 90, 11, vec![]),
        ("tx.commit", 90, 20, vec![]),
        ("tx.commit-ok", 90, 21, vec![]),
        ("tx.rollback", 90, 30, vec![]),
        ("tx.rollback-ok", 90, 31, vec![]),
    ]
}
