//! How a script is shown, above all where it has failed: of the setup what isn't usual, and each step on a
//! line.

use core::fmt;

use super::{Script, Step};
use crate::{ClientConfig, Limits, ServerConfig};

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (client, server) = (ClientConfig::plain("guest", "guest"), ServerConfig::default());
        f.debug_struct("Script")
            .field("client", &Unusual { given: &self.client, usual: &client })
            .field("server", &Unusual { given: &self.server, usual: &server })
            .field("connected", &self.connected)
            .field("steps", &Steps(&self.steps))
            .finish()
    }
}

struct Steps<'a>(&'a [Step]);

impl fmt::Debug for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(Line)).finish()
    }
}

/// On one line, also among others that aren't.
struct Line<'a>(&'a Step);

impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A setup of which only those fields are shown that differ.
struct Unusual<'a, T> {
    given: &'a T,
    usual: &'a T,
}

/// All fields have to be named: the pattern lacks those that are forgotten.
macro_rules! unusual {
    ($name:ident, $($field:ident)*, $($inner:ident)?) => {
        impl fmt::Debug for Unusual<'_, $name> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $name { $($field,)* $($inner,)? } = self.given;
                let mut out = f.debug_struct(stringify!($name));
                $(if *$field != self.usual.$field {
                    out.field(stringify!($field), $field);
                })*
                $(if *$inner != self.usual.$inner {
                    out.field(stringify!($inner), &Unusual { given: $inner, usual: &self.usual.$inner });
                })?
                out.finish_non_exhaustive()
            }
        }
    };
}

unusual!(ClientConfig, dialect mechanisms virtual_host locale client_properties channel_max frame_max
    heartbeat handshake_timeout close_timeout content profile, limits);
unusual!(ServerConfig, dialects mechanisms locales server_properties channel_max frame_max heartbeat
    handshake_timeout close_timeout content profile, limits);
unusual!(Limits, frame_before_tune method_or_header_frame unlimited_frame table whole_body
    unfinished_contents max_body max_publish open_requests unconfirmed unacked uncommitted consumers
    all_consumers undecoded_input pre_login_input unsent_output output_reserve output_window
    empty_body_frames sasl_rounds scram_iterations,);
