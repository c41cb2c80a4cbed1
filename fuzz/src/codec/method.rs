//! Methods in each dialect: written again they are what was read, but for what may be ignored.

use amqp_proto::protocol::{Dialect, Method, MethodId, MethodKind};
use amqp_proto::wire::DecodeErrorKind;

use crate::layout::{self, Layout};

use super::{WIDEST, check_error, limited, show};

/// Limits, then the payload of a method frame.
pub(crate) fn run(input: &[u8]) {
    let Some((limits, payload)) = limited(input) else { return };
    for &dialect in Dialect::ALL {
        match Method::decode(dialect, payload, &limits) {
            Ok(method) => {
                let wider = Method::decode(dialect, payload, &WIDEST);
                assert_eq!(wider, Ok(method), "refused by wider limits");
                check_method(dialect, &method, payload);
            }
            Err(error) => {
                check_error(&error, payload.len());
                let is_unknown = matches!(error.kind(), DecodeErrorKind::UnknownMethod { .. });
                assert!(!is_unknown || layout_of(dialect, payload).is_none(), "{error}");
            }
        }
    }
}

/// All that holds for any method that was read from `payload`.
pub(super) fn check_method(dialect: Dialect, method: &Method<'_>, payload: &[u8]) {
    let kind = method.kind();
    let layout = layout_of(dialect, payload).unwrap_or_else(|| panic!("{kind} isn't in spec/"));
    assert_eq!(kind.name(), layout.name);
    let id = id_of(payload);
    assert_eq!((kind.id(dialect), MethodKind::from_id(dialect, id.unwrap())), (id, Some(kind)));

    // Without its table, consume of 0-8 is the same as with an empty one (DIA-04).
    let is_consume_of_0_8 = (dialect, kind) == (Dialect::V0_8, MethodKind::BasicConsume);
    let with_table = [payload, &[0; 4]].concat();
    let lacks_table = is_consume_of_0_8 && Method::decode(dialect, &with_table, &WIDEST).is_ok();
    let payload = if lacks_table { &with_table } else { payload };

    let mut written = b"before".to_vec();
    method.encode(dialect, &mut written).unwrap();
    let written = written.strip_prefix(b"before").unwrap();
    assert_eq!(written, layout.written_again(payload), "{dialect} {kind} written again");
    let again = Method::decode(dialect, written, &WIDEST).unwrap();
    assert!(again == *method || layout.is_shortened(payload), "{dialect} {kind} read again");
    let mut once_more = Vec::new();
    again.encode(dialect, &mut once_more).unwrap();
    assert_eq!(once_more, written, "{dialect} {kind} written once more");
    assert_eq!(method, &method.clone(), "equality isn't reflexive");
    let text = show(method);
    assert!(text.starts_with(kind.name()), "{text}");
    check_secrets(layout, payload, &[&text, &format!("{method:?}")]);

    // Neither less nor more is the same method (MTH-04, MTH-05).
    for end in [IDS_LEN, payload.len() / 2, payload.len() - 1] {
        let cut = Method::decode(dialect, &payload[..end], &WIDEST);
        let may_end = end == payload.len() || is_consume_of_0_8;
        assert!(cut.is_err() || may_end, "{dialect} {kind} of {end} octets");
    }
    let longer = [payload, &[0]].concat();
    let error = Method::decode(dialect, &longer, &WIDEST).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 1 }, "{dialect} {kind}");
}

/// A secret is shown by neither text, unless the same octets stand elsewhere in the method.
fn check_secrets(layout: &Layout, payload: &[u8], texts: &[&str]) {
    let (secrets, others) = layout.secrets(payload);
    for secret in secrets {
        let Ok(secret) = core::str::from_utf8(&payload[secret]) else { continue };
        // What is short may stand in any text.
        let is_telling = secret.len() >= 8 && secret.chars().all(|c| c.is_ascii_alphanumeric());
        let is_elsewhere = || {
            // Its beginning may be the end of an octet that is shown as `\n` or `\xF6`.
            let end = &secret.as_bytes()[3..];
            let contains = |octets: &[u8]| octets.windows(end.len()).any(|at| at == end);
            others.iter().any(|place| contains(&payload[place.clone()]))
        };
        if is_telling && !is_elsewhere() && !layout.name.contains(secret) {
            for text in texts {
                assert!(!text.contains(secret), "{text} shows {secret}");
            }
        }
    }
}

fn id_of(payload: &[u8]) -> Option<MethodId> {
    let [c0, c1, m0, m1] = *payload.first_chunk()?;
    let (class_id, method_id) = (u16::from_be_bytes([c0, c1]), u16::from_be_bytes([m0, m1]));
    Some(MethodId { class_id, method_id })
}

fn layout_of(dialect: Dialect, payload: &[u8]) -> Option<&'static Layout> {
    layout::of(dialect, id_of(payload)?)
}

/// Octets of class id and method id.
const IDS_LEN: usize = 4;
