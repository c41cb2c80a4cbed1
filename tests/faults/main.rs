//! Faults that other implementations of AMQP have had, each under the name by which it is known,
//! and what comes of it here.
//!
//! # Known faults
//!
//! The list below has four groups: sizes, lengths and allocation (F1 to F24), malformed octets (F30
//! to F43), the state machine (F50 to F57), agreement on the encoding (F60 to F66). A fault is
//! named after its advisory, else after the project and the number of the issue, or the version
//! that had it. This runs the tests of one:
//!
//! ```sh
//! cargo test --test faults cve_2019_18609
//! ```
//!
//! Each test plays the fault's own scenario through the public surface, from octets written by
//! hand: all boundary values, both roles where both could be hit.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "the list calls the tests, and they fail by panicking"
)]

extern crate alloc;

#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
#[allow(dead_code, reason = "made for another crate of tests, of which this one uses a part")]
#[path = "../rules/end.rs"]
mod end;
#[allow(dead_code, reason = "made for another crate of tests, of which this one uses a part")]
#[path = "../rules/fields.rs"]
mod fields;
#[path = "../matrix/methods.rs"]
mod methods;
#[path = "../common/rng.rs"]
mod rng;

mod agreement_bits;
mod agreement_tables;
mod independent;
mod octets_frames;
mod octets_peers;
mod octets_tables;
mod sizes_frames;
mod sizes_memory;
mod sizes_sent;
mod sizes_strings;
mod states_closing;
mod states_handshake;
mod states_races;
mod states_requests;
mod support;

/// A fault, the names that it is known by, and its tests.
struct Fault {
    id: &'static str,
    group: &'static str,
    names: &'static [&'static str],
    tests: &'static [&'static str],
}

/// Makes a test of each function that is listed, and the list as data.
macro_rules! faults {
    ($($id:ident $group:ident [$($name:ident)+] { $($file:ident: $($test:ident)+;)+ })+) => {
        $($($(
            #[test]
            fn $test() {
                $file::$test();
            }
        )+)+)+

        const FAULTS: &[Fault] = &[$(Fault {
            id: stringify!($id),
            group: stringify!($group),
            names: &[$(stringify!($name)),+],
            tests: &[$($(stringify!($test)),+),+],
        }),+];
    };
}

faults! {
    F1 sizes [cve_2019_18609] {
        sizes_frames: cve_2019_18609_no_size_wraps_when_the_overhead_is_added;
    }
    F2 sizes [ghsa_9mmv_r8g3_qp46] {
        sizes_frames: ghsa_9mmv_r8g3_qp46_frames_shorter_than_their_fixed_part_are_malformed;
    }
    F3 sizes [ghsa_jgjf_7fwf_f3c7] {
        sizes_frames: ghsa_jgjf_7fwf_f3c7_no_offset_and_length_read_outside;
    }
    F4 sizes [ghsa_jh48_qjf5_fx5v] {
        sizes_sent: ghsa_jh48_qjf5_fx5v_a_frame_max_below_4096_is_refused;
    }
    F5 sizes [ghsa_hfjv_vcp3_39wh] {
        sizes_sent: ghsa_hfjv_vcp3_39wh_no_frame_is_larger_than_agreed;
    }
    F6 sizes [ghsa_5fp7_wg2f_hhgp] {
        sizes_memory: ghsa_5fp7_wg2f_hhgp_frames_on_channels_that_are_not_open_cost_nothing;
    }
    F7 sizes [oss_fuzz_56204_and_56296] {
        sizes_memory:
            oss_fuzz_56204_and_56296_nesting_needs_no_stack
            oss_fuzz_56204_and_56296_nested_tables_end_the_connection;
    }
    F8 sizes [cve_2026_79921] {
        sizes_frames: cve_2026_79921_seven_octets_are_enough_to_refuse_a_frame;
    }
    F9 sizes [cve_2026_77411] {
        sizes_strings: cve_2026_77411_a_length_above_2_31_is_no_empty_value;
    }
    F10 sizes [cve_2026_77412] {
        sizes_strings: cve_2026_77412_the_length_of_a_byte_array_has_no_sign;
    }
    F11 sizes [cve_2026_77408] {
        sizes_strings: cve_2026_77408_no_short_string_above_255_octets_is_sent;
    }
    F12 sizes [cve_2026_77410] {
        sizes_memory: cve_2026_77410_an_announced_body_reserves_nothing;
    }
    F13 sizes [cve_2026_77403] {
        sizes_sent: cve_2026_77403_each_body_frame_brings_the_body_forward;
    }
    F14 sizes [cve_2026_77406] {
        sizes_strings: cve_2026_77406_a_prefetch_count_has_no_sign;
    }
    F15 sizes [ghsa_w6r9_248c_frg8] {
        sizes_frames: ghsa_w6r9_248c_frg8_a_start_of_one_mebibyte_is_refused;
    }
    F16 sizes [cve_2023_46120] {
        sizes_memory: cve_2023_46120_a_body_above_the_limit_is_refused_at_its_header;
    }
    F17 sizes [rabbitmq_java_client_1996 rabbitmq_java_client_2013 rabbitmq_java_client_2015] {
        sizes_memory:
            rabbitmq_java_client_1996_received_frames_are_held_to_frame_max
            rabbitmq_java_client_2013_a_body_size_is_never_negative
            rabbitmq_java_client_2015_no_limit_for_frames_limits_no_message;
    }
    F18 sizes [rabbitmq_dotnet_client_1226] {
        sizes_frames: rabbitmq_dotnet_client_1226_garbage_for_a_size_asks_for_no_memory;
    }
    F19 sizes [rabbitmq_server_921] {
        sizes_sent: rabbitmq_server_921_headers_above_frame_max_are_not_sent;
    }
    F20 sizes [php_amqplib_934] {
        sizes_sent: php_amqplib_934_headers_above_frame_max_fail_before_an_octet_is_written;
    }
    F21 sizes [cve_2018_8030] {
        sizes_memory: cve_2018_8030_the_connection_lives_on_behind_a_body_above_the_limit;
    }
    F22 sizes [cve_2017_15701] {
        sizes_frames: cve_2017_15701_frames_of_amqp_1_0_are_never_gathered;
    }
    F23 sizes [lavinmq_552 lavinmq_1991] {
        sizes_sent:
            lavinmq_552_bodies_around_multiples_of_frame_max_arrive_whole
            lavinmq_1991_a_heartbeat_on_a_channel_is_no_framing_fault;
    }
    F24 sizes [amqplib_791] {
        sizes_sent: amqplib_791_the_default_frame_max_is_enough_for_rabbitmq_4_1;
    }
    F30 octets [streadway_amqp_151] {
        octets_frames: streadway_amqp_151_odd_frames_are_faults_and_nothing_else;
    }
    F31 octets [amqp091_go_309] {
        octets_frames: amqp091_go_309_octets_behind_the_last_property_do_not_shift_the_stream;
    }
    F32 octets [pamqp_63] {
        octets_tables: pamqp_63_tables_that_are_cut_anywhere_end_with_an_error;
    }
    F33 octets [pamqp_64] {
        octets_tables: pamqp_64_a_continued_flag_word_at_the_end_is_an_error;
    }
    F34 octets [rabbitmq_c_883 rabbitmq_c_885] {
        octets_tables:
            rabbitmq_c_883_no_number_of_flag_words_is_taken
            rabbitmq_c_885_each_flag_word_announces_its_own_properties;
    }
    F35 octets [cve_2019_0200] {
        octets_peers: cve_2019_0200_a_malformed_command_ends_one_connection;
    }
    F36 octets [cve_2016_3094] {
        octets_peers: cve_2016_3094_a_plain_response_without_separators_is_no_login;
    }
    F37 octets [cve_2018_1298] {
        octets_peers: cve_2018_1298_a_login_may_come_without_its_initial_response;
    }
    F38 octets [py_amqp_639] {
        octets_peers: py_amqp_639_channels_that_a_client_never_opened_are_not_there;
    }
    F39 octets [packetbeat_6384] {
        octets_frames:
            packetbeat_6384_sessions_are_the_same_at_every_split
            packetbeat_6384_a_capture_may_end_anywhere;
    }
    F40 octets [cve_2017_11408] {
        octets_tables: cve_2017_11408_work_is_bounded_by_octets;
    }
    F41 octets [bunny_741] {
        octets_peers: bunny_741_frames_of_a_channel_that_is_closing_are_discarded;
    }
    F42 octets [rabbitmq_3_10_8] {
        octets_tables:
            rabbitmq_3_10_8_an_unknown_method_is_told_by_540
            rabbitmq_3_10_8_an_unknown_type_is_kept_or_told_by_501
            rabbitmq_3_10_8_a_reset_and_541_are_ends_like_others;
    }
    F43 octets [amqp_cpp_18 node_amqp_351 node_amqp_288] {
        octets_frames:
            amqp_cpp_18_reading_by_pieces_never_loses_a_frame
            node_amqp_351_the_largest_frames_may_begin_at_any_place_of_a_read
            node_amqp_288_every_frame_of_a_large_body_ends_with_its_end_octet;
    }
    F50 states [cve_2016_4432] {
        states_handshake:
            cve_2016_4432_each_state_takes_its_own_methods_only
            cve_2016_4432_nothing_passes_while_a_decision_is_owed
            cve_2016_4432_no_order_of_methods_goes_around_the_login;
    }
    F51 states [opensips_4224] {
        states_closing:
            opensips_4224_no_close_is_written_inside_of_a_publish
            opensips_4224_a_publish_that_has_begun_is_finished_or_the_last;
    }
    F52 states [rabbitmq_server_13384] {
        states_races:
            rabbitmq_server_13384_deliveries_up_to_close_ok_are_discarded
            rabbitmq_server_13384_a_number_is_used_again_behind_a_busy_channel
            rabbitmq_server_13384_deliveries_behind_the_servers_close_are_discarded;
    }
    F53 states [lapin_260 lapin_194] {
        states_races:
            lapin_260_channel_closes_that_cross_leave_nobody_waiting
            lapin_194_connection_closes_that_cross_inside_a_publish_end_it_once;
    }
    F54 states [bunny_119 bunny_558 streadway_amqp_188] {
        states_requests:
            bunny_119_nothing_comes_between_the_frames_of_a_publish
            bunny_558_a_reply_belongs_to_the_oldest_request
            streadway_amqp_188_requests_of_a_channel_that_fails_are_not_answered_later;
    }
    F55 states [php_amqplib_1018 php_amqplib_1080] {
        states_handshake:
            php_amqplib_1018_the_heartbeat_is_agreed_on_and_kept
            php_amqplib_1080_an_offer_of_0_does_not_switch_heartbeats_off;
    }
    F56 states [rabbitmq_3_10_8] {
        states_requests: rabbitmq_3_10_8_a_surplus_of_body_is_no_part_of_the_message;
    }
    F57 states [rabbitmq_java_client_407] {
        states_handshake: rabbitmq_java_client_407_a_frame_max_of_0_is_no_limit;
    }
    F60 agreement [amq_protocol_37] {
        agreement_bits:
            amq_protocol_37_every_bit_of_every_method_has_its_place
            amq_protocol_37_no_method_with_bits_is_forgotten
            amq_protocol_37_auto_delete_arrives;
    }
    F61 agreement [pamqp_29] {
        agreement_bits: pamqp_29_a_reject_without_requeue_says_so;
    }
    F62 agreement [py_amqp_465 py_amqp_469 py_amqp_472] {
        agreement_tables:
            py_amqp_465_l_is_a_signed_integer_of_64_bits
            py_amqp_469_s_is_a_signed_integer_of_16_bits
            py_amqp_472_b_has_a_sign_and_large_b_has_none;
    }
    F63 agreement [rabbitmq_c_2012] {
        agreement_tables: rabbitmq_c_2012_tags_l_and_u_are_read_and_not_written;
    }
    F64 agreement [php_amqplib_0_9_1] {
        agreement_tables: php_amqplib_0_9_1_short_strings_by_s_are_malformed_or_numbers;
    }
    F65 agreement [pika_floats] {
        agreement_tables: pika_floats_keep_every_bit;
    }
    F66 agreement [amqp_client_js_36] {
        agreement_tables:
            amqp_client_js_36_two_decoders_agree_on_every_table
            amqp_client_js_36_tables_arrive_with_their_types;
    }
}

#[test]
fn every_fault_of_the_list_has_tests_by_its_names() {
    let groups =
        [("sizes", 1..=24), ("octets", 30..=43), ("states", 50..=57), ("agreement", 60..=66)];
    let expected = groups.into_iter().flat_map(|(group, numbers)| {
        numbers.map(move |number| (format!("F{number}"), group.to_owned()))
    });
    let listed = FAULTS.iter().map(|fault| (fault.id.to_owned(), fault.group.to_owned()));
    assert_eq!(listed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    for Fault { id, names, tests, .. } in FAULTS {
        let is_named = |test: &str, name: &str| {
            test.strip_prefix(name).is_some_and(|what_happens| what_happens.starts_with('_'))
        };
        for test in *tests {
            assert!(names.iter().any(|name| is_named(test, name)), "{id}: {test}");
        }
        for name in *names {
            assert!(tests.iter().any(|test| is_named(test, name)), "{id}: nothing shows {name}");
        }
    }
}
