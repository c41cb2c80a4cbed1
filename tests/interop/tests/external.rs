//! Logins by EXTERNAL: the broker takes the name in the certificate that TLS has shown.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Broker, Client, Stream, ctl, name, octets};
use amqp_proto::protocol::{Dialect, ReplyCode};
use amqp_proto::{ClientConfig, CloseDetail, Initiator, Mechanism};

fn external(dialect: Dialect) -> ClientConfig {
    let mut config = Broker::from_env().config_with(vec![Mechanism::external()]);
    config.dialect = dialect;
    config
}

#[test]
fn the_certificates_user_logs_in() {
    for &dialect in Dialect::ALL {
        let mut config = external(dialect);
        let mark = name("mark");
        config.client_properties.insert("connection_name", mark.as_str()).unwrap();
        let mut client = Client::over(Stream::tls(Some("guest")), config);
        client.connected();
        assert_eq!(client.amqp.dialect(), dialect);
        let channel = client.open();
        let queue = client.queue(channel);
        // Several frames, and far more of TLS's records.
        client.publish(channel, &queue, &octets(1_000_000));
        assert!(client.get(channel, &queue).unwrap().into_body() == octets(1_000_000));

        let known = ["user", "auth_mechanism", "ssl", "protocol", "client_properties"];
        let connections = ctl(&[&["list_connections"], &known[..]].concat());
        let own = connections.lines().find(|line| line.contains(&mark));
        let own = own.unwrap_or_else(|| panic!("{mark} isn't in {connections}"));
        // What 0-9 asks for is 0-9-1 to the broker.
        let version = if dialect == Dialect::V0_8 { "{0,8,0}" } else { "{0,9,1}" };
        let expected = format!("guest\tEXTERNAL\ttrue\t{version}\t");
        assert!(own.starts_with(&expected), "{own} isn't {expected}");
        client.close();
    }
}

#[test]
fn passwords_do_over_tls_too() {
    let mut client = Client::over(Stream::tls(None), Broker::from_env().config());
    client.connected();
    let channel = client.open();
    client.check_alive(channel);
    client.close();
}

#[test]
fn without_a_users_certificate_it_is_refused() {
    for user in [Some("nobody"), None] {
        for &dialect in Dialect::ALL {
            let reason = Client::over(Stream::tls(user), external(dialect)).closed();
            let refused = (Initiator::Peer, CloseDetail::LoginRefused, ReplyCode::ACCESS_REFUSED);
            let told = (reason.initiator, reason.detail, reason.reply_code);
            assert_eq!(told, refused, "{user:?} in {dialect}: {reason}");
        }
    }
}

/// The broker offers EXTERNAL to those alone who have come by TLS.
#[test]
fn without_tls_it_is_not_on_offer() {
    for &dialect in Dialect::ALL {
        let reason = Client::start(external(dialect)).ended();
        let told = (reason.initiator, reason.detail);
        assert_eq!(told, (Initiator::Library, CloseDetail::NoCommonMechanism));
        assert!(!reason.text.contains("EXTERNAL"), "{reason}");
    }
}
