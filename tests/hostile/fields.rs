//! Each limit is one that a peer can run into.

use alloc::collections::BTreeSet;

use amqp_proto::Limits;
use amqp_proto::wire::{FieldNames, ShortStrings, TableLimits, UnknownTags};
use libtest_mimic::{Failed, Trial};

use crate::attacked;
use crate::shapes::{self, SETTINGS, Setting, Shape};

pub(crate) fn checks() -> Vec<Trial> {
    let mut trials = vec![Trial::test("every limit has a shape", every_limit_has_a_shape)];
    for shape in shapes::all() {
        for side in shape.sides {
            let setting = shape.on(&SETTINGS[0](), *side);
            for limit in shape.limits {
                let name = format!("{} {limit}: {}", setting.side_name(), shape.name);
                trials.push(Trial::test(name, move || bites(shape, &setting, limit)));
            }
        }
    }
    trials
}

/// With another limit something else comes of the same attack.
fn bites(shape: &Shape, setting: &Setting, limit: &str) -> Result<(), Failed> {
    let of_victim = |limits| attacked(shape, &Setting { limits, ..*setting }, *setting, 1, 0);
    let seen = of_victim(setting.limits);
    let others = [true, false].map(|more| of_victim(changed(setting.limits, limit, more)));
    if others == [seen.clone(), seen.clone()] {
        return Err(format!("nothing depends on it: {seen:?}").into());
    }
    Ok(())
}

/// The fields as they are called in a shape: a new one without a shape fails.
fn every_limit_has_a_shape() -> Result<(), Failed> {
    let of_tables = names_of(&format!("{:?}", TableLimits::default()), "TableLimits");
    let mut limits: BTreeSet<_> = names_of(&format!("{:?}", Limits::default()), "Limits");
    if !limits.remove("table") {
        return Err("Limits without a table".into());
    }
    limits.extend(of_tables.into_iter().map(|name| format!("table.{name}")));
    let met: BTreeSet<_> =
        shapes::all().flat_map(|shape| shape.limits).map(|name| String::from(*name)).collect();
    if limits == met {
        return Ok(());
    }
    let missing: Vec<_> = limits.difference(&met).collect();
    let unknown: Vec<_> = met.difference(&limits).collect();
    Err(format!("no shape runs into {missing:?}; there are no limits {unknown:?}").into())
}

/// The names of a structure's fields, of which others are inside, from how it is shown.
fn names_of(shown: &str, structure: &str) -> BTreeSet<String> {
    let inner = shown.strip_prefix(structure).unwrap().trim().trim_matches(['{', '}']);
    let mut depth = 0;
    let fields = inner.split(|character| {
        depth += match character {
            '{' | '(' => 1,
            '}' | ')' => -1,
            _ => 0,
        };
        character == ',' && depth == 0
    });
    fields.filter_map(|field| Some(field.split_once(':')?.0.trim().into())).collect()
}

/// With twice as much of it, or an eighth; what is taken or not, the other way.
fn changed(mut limits: Limits, name: &str, more: bool) -> Limits {
    macro_rules! scaled {
        ($limit:expr) => {
            $limit = if more { $limit.saturating_mul(2) } else { $limit / 8 }
        };
    }
    let table = &mut limits.table;
    match name {
        "frame_before_tune" => scaled!(limits.frame_before_tune),
        "method_or_header_frame" => scaled!(limits.method_or_header_frame),
        "unlimited_frame" => scaled!(limits.unlimited_frame),
        "table.max_depth" => scaled!(table.max_depth),
        "table.max_entries" => scaled!(table.max_entries),
        "table.max_octets" => scaled!(table.max_octets),
        "table.unknown_tags" => table.unknown_tags = UnknownTags::Keep,
        "table.field_names" => table.field_names = FieldNames::Any,
        "table.short_strings" => table.short_strings = ShortStrings::Any,
        "whole_body" => scaled!(limits.whole_body),
        "unfinished_contents" => scaled!(limits.unfinished_contents),
        "max_body" => limits.max_body = Some(if more { u64::MAX } else { 0 }),
        "max_publish" => scaled!(limits.max_publish),
        "open_requests" => scaled!(limits.open_requests),
        "unconfirmed" => scaled!(limits.unconfirmed),
        "unacked" => scaled!(limits.unacked),
        "uncommitted" => scaled!(limits.uncommitted),
        "consumers" => scaled!(limits.consumers),
        "all_consumers" => scaled!(limits.all_consumers),
        "undecoded_input" => scaled!(limits.undecoded_input),
        "pre_login_input" => scaled!(limits.pre_login_input),
        "unsent_output" => scaled!(limits.unsent_output),
        "output_reserve" => scaled!(limits.output_reserve),
        "output_window" => scaled!(limits.output_window),
        "empty_body_frames" => scaled!(limits.empty_body_frames),
        "sasl_rounds" => scaled!(limits.sasl_rounds),
        "scram_iterations" => scaled!(limits.scram_iterations),
        other => panic!("no limit {other} is known here"),
    }
    limits
}
