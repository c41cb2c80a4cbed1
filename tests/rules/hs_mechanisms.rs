//! The handshake: what mechanisms with challenges ask for. All of their messages are in `tests/sasl.rs`.

use amqp_proto::protocol::ReplyCode;
use amqp_proto::sasl::{Secret, Verdict, Verification};
use amqp_proto::{ClientConfig, Connection, Decision, Event, Mechanism, Phase, ServerConfig};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HS-17", a_client_holds_the_server_to_its_mechanism),
    server("HS-17", a_server_finds_out_who_does_not_know_the_password),
];

/// A client behind start-ok, whose response was this.
fn behind_start_ok(mechanism: Mechanism, response: &[u8]) -> End {
    let name = mechanism.name().to_owned();
    let mut config = ClientConfig::with_mechanisms(vec![mechanism]);
    config.client_properties = Default::default();
    let mut end = End::new(Connection::client(config, T0)).at(Phase::Start);
    end.sent();
    end.takes(&start(&name));
    assert_eq!(hex(&end.sent()), hex(&start_ok(&name, response)));
    end
}

fn secure(challenge: &[u8]) -> Vec<u8> {
    method(0, 10, 20, &long(challenge))
}

fn secure_ok(response: &[u8]) -> Vec<u8> {
    method(0, 10, 21, &long(response))
}

fn a_client_holds_the_server_to_its_mechanism() {
    let mut cram = behind_start_ok(Mechanism::cram_md5("tim", "tanstaaftanstaaf"), b"");
    cram.takes(&secure(b"<1896.697170952@postoffice.reston.mci.net>"));
    let response = secure_ok(b"tim b913a602c7eda7a495b4e6e7334d3890");
    assert_eq!(hex(&cram.sent()), hex(&response));

    let mechanism = Mechanism::scram_sha_256("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    let mut scram = behind_start_ok(mechanism, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let tune = tune(2047, 131_072, 60);
    for challenge in [
        &b"r=another,s=QUJD,i=4096"[..],
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4095",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=600001",
    ] {
        let violation = scram.clone().drops(&secure(challenge), "HS-17");
        assert_eq!(violation.reply_code, ReplyCode(503));
    }
    assert_eq!(scram.clone().drops(&tune, "HS-17").reply_code, ReplyCode(403));
    let nonce = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    scram.takes(&secure(&[&nonce[..], b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"].concat()));
    let proof = b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    assert_eq!(hex(&scram.sent()), hex(&secure_ok(&[b"c=biws,", &nonce[..], proof].concat())));
    assert_eq!(scram.clone().drops(&tune, "HS-17").reply_code, ReplyCode(403));
    // Of the right length, in another letter; and what is no base64.
    for wrong in [
        &b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="[..],
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95GA=",
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=",
        b"v=",
        b"e=other-error",
    ] {
        assert_eq!(scram.clone().drops(&secure(wrong), "HS-17").reply_code, ReplyCode(503));
    }
    scram.takes(&secure(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    assert_eq!(hex(&scram.sent()), hex(&secure_ok(b"")));
    scram.takes(&tune);
    assert_eq!(scram.connection.phase(), Phase::Opening);
}

fn a_server_finds_out_who_does_not_know_the_password() {
    let mut config = ServerConfig::default();
    config.mechanisms = "CRAM-MD5".into();
    let end = End::new(Connection::server(config, T0)).at(Phase::Start);
    for (first, digest, knows) in [
        (&b""[..], "a1cd6b1d9da7a0d16cba2cd4d5b9a3a8", false),
        (b"", "DIGEST", true),
        (b"n,,n=tim,r=x", "", false),
    ] {
        let mut end = end.clone();
        let mut login = Verification::new("CRAM-MD5", "nonce").unwrap();
        end.asks(&start_ok("CRAM-MD5", first));
        let mut verdict = login.respond(first);
        if let Verdict::Challenge(challenge) = &verdict {
            end.connection.decide(Decision::Challenge(challenge)).unwrap();
            assert_eq!(hex(&end.sent()), hex(&secure(b"<nonce@amqp>")));
            let response = match digest {
                "DIGEST" => cram_md5(b"<nonce@amqp>"),
                digest => format!("tim {digest}").into_bytes(),
            };
            let events = end.asks(&secure_ok(&response));
            assert!(matches!(events[..], [Event::SaslResponse(_)]), "{:?}", lines(&events));
            assert_eq!(login.respond(&response), Verdict::Lookup);
            verdict = login.supply(Some(&Secret::password("pencil")));
        }
        assert_eq!(verdict == Verdict::Accepted, knows, "{verdict:?}");
        if knows {
            end.connection.decide(Decision::Accept).unwrap();
            assert_eq!(hex(&end.sent()), hex(&tune(2047, 131_072, 60)));
        } else {
            let code = ReplyCode::ACCESS_REFUSED;
            end.connection.decide(Decision::Refuse { code, text: "no" }).unwrap();
            assert_eq!(hex(&end.sent()), "");
        }
    }
}

/// What a client who knows the password answers.
fn cram_md5(challenge: &[u8]) -> Vec<u8> {
    let mut client = behind_start_ok(Mechanism::cram_md5("tim", "pencil"), b"");
    client.takes(&secure(challenge));
    let sent = frames(&client.sent());
    let [(1, 0, payload)] = &sent[..] else { panic!("{sent:?}") };
    payload[8..].to_vec()
}
