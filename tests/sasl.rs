//! Mechanisms with challenges, octet by octet as their specifications say, and a server's side of each.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

#[path = "common/mod.rs"]
mod common;

use amqp_proto::protocol::ReplyCode;
use amqp_proto::sasl::{ScramHash, ScramKeys, Secret, Verdict, Verification};
use amqp_proto::testing::Pair;
use amqp_proto::{ClientConfig, Connection, Decision, Event, Mechanism, Phase, ServerConfig};

use common::*;

fn secure(challenge: &[u8]) -> Vec<u8> {
    method(0, 10, 20, &long(challenge))
}

fn secure_ok(response: &[u8]) -> Vec<u8> {
    method(0, 10, 21, &long(response))
}

/// A client that has sent start-ok, whose response was this.
fn client_behind_start(mechanism: Mechanism, response: &[u8]) -> Connection {
    let name = mechanism.name().to_owned();
    let mut config = ClientConfig::with_mechanisms(vec![mechanism]);
    config.client_properties = Default::default();
    let mut client = Connection::client(config, T0);
    feed(&mut client, &start(&name));
    assert_eq!(lines(&poll(&mut client)), [""; 0]);
    let expected = [PROTOCOL_HEADER, &start_ok(&name, response)].concat();
    assert_eq!(output(&mut client), expected);
    client
}

/// Hands a challenge in; the response that comes of it.
fn answers(client: &mut Connection, challenge: &[u8], response: &[u8]) {
    feed(client, &secure(challenge));
    assert_eq!(lines(&poll(client)), [""; 0]);
    assert_eq!(hex(&output(client)), hex(&secure_ok(response)));
}

/// Octets that end the connection without a word, and what was expected instead of them.
fn ends(client: &Connection, octets: &[u8], rule: &str) -> &'static str {
    let mut client = client.clone();
    feed(&mut client, octets);
    let events = poll(&mut client);
    let [Event::Violation(violation), Event::Closed(_)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(violation.rule, rule, "{violation}");
    assert_eq!(hex(&output(&mut client)), "");
    violation.expected
}

struct Example {
    mechanism: fn(&str, &str, &str) -> Mechanism,
    hash: ScramHash,
    nonce: &'static str,
    server_nonce: &'static str,
    salt: &'static [u8],
    messages: [&'static str; 4],
}

/// The examples of section 5 of RFC 5802, and of section 3 of RFC 7677: user and pencil.
const EXAMPLES: [Example; 2] = [
    Example {
        mechanism: Mechanism::scram_sha_1,
        hash: ScramHash::Sha1,
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_nonce: "3rfcNHYJY1ZVvWVs7j",
        salt: b"\x41\x25\xC2\x47\xE4\x3A\xB1\xE9\x3C\x6D\xFF\x76",
        messages: [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    },
    Example {
        mechanism: Mechanism::scram_sha_256,
        hash: ScramHash::Sha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: b"\x5B\x6D\x99\x68\x9D\x12\x35\x8E\xEC\xA0\x4B\x14\x12\x36\xFA\x81",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    },
];

#[test]
fn the_examples_of_rfc_5802_and_rfc_7677_as_a_client() {
    for Example { mechanism, nonce, messages, .. } in EXAMPLES {
        let [first, challenge, proof, signature] = messages.map(str::as_bytes);
        let mut client = client_behind_start(mechanism("user", "pencil", nonce), first);
        answers(&mut client, challenge, proof);
        // As Broker-J sends it: the server's proof is a challenge, and its answer is empty.
        answers(&mut client, signature, b"");
        assert_eq!(
            ends(&client, &secure(signature), "HS-07"),
            "a mechanism without challenges to be left alone"
        );
        feed(&mut client, &tune(2047, 131_072, 60));
        assert_eq!(lines(&poll(&mut client)), [""; 0]);
        assert_eq!(client.phase(), Phase::Opening);
    }
}

#[test]
fn the_same_as_a_server() {
    for Example { hash, server_nonce, salt, messages, .. } in EXAMPLES {
        let [first, challenge, proof, signature] = messages.map(str::as_bytes);
        let keys = ScramKeys::derive(hash, b"pencil", salt, 4096);
        let secret = Secret::Scram(hash, keys);
        let mut login = Verification::new(hash.mechanism(), server_nonce).unwrap();
        assert_eq!(login.respond(first), Verdict::Lookup);
        assert_eq!(login.user(), b"user");
        assert_eq!(login.supply(Some(&secret)), Verdict::Challenge(challenge.into()));
        for wrong in
            [&proof[1..], &[proof, b","].concat(), &[b"y", &proof[1..]].concat(), b"", b"c=biws,r="]
        {
            assert_eq!(login.clone().respond(wrong), Verdict::Refused);
        }
        assert_eq!(login.respond(proof), Verdict::Challenge(signature.into()));
        assert_eq!(login.clone().respond(b"?"), Verdict::Refused);
        assert_eq!(login.respond(b""), Verdict::Accepted);
        assert_eq!(login.respond(b""), Verdict::Refused);
    }
}

#[test]
fn a_client_takes_no_scram_challenge_that_is_wrong() {
    let Example { mechanism, nonce, messages, .. } = EXAMPLES[1];
    let [first, challenge, proof, signature] = messages.map(str::as_bytes);
    let mut client = client_behind_start(mechanism("user", "pencil", nonce), first);
    let malformed = "r=, s= and i= in SCRAM's first challenge";
    let not_ours = "a nonce that goes on behind the client's, by at most 1024 octets";
    let iterations = "iterations from 4096 to Limits::scram_iterations";
    for (challenge, expected) in [
        ("", malformed),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", malformed),
        ("m=x,r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4096", malformed),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJ,i=4096", malformed),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=04096", malformed),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=-1", malformed),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD", malformed),
        ("r=rOprNGfwEbeRWgbNEkqO,s=QUJD,i=4096", not_ours),
        ("r=anothers,s=QUJD,i=4096", not_ours),
        ("r=rOprNGfwEbeRWgbNEkqO\x07,s=QUJD,i=4096", not_ours),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "a salt"),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4095", iterations),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=600001", iterations),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4294967295", iterations),
    ] {
        assert_eq!(ends(&client, &secure(challenge.as_bytes()), "HS-17"), expected, "{challenge}");
    }
    // A server that doesn't prove itself may not go on.
    let proofs = "a proof that the server knows the password";
    assert_eq!(ends(&client, &tune(2047, 131_072, 60), "HS-17"), proofs);
    answers(&mut client, challenge, proof);
    assert_eq!(ends(&client, &tune(2047, 131_072, 60), "HS-17"), proofs);
    for wrong in
        [&b""[..], b"e=other-error", b"v=", &signature[..20], b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="]
    {
        assert_eq!(ends(&client, &secure(wrong), "HS-17"), proofs);
    }
}

#[test]
fn extensions_behind_the_iterations_are_passed_over_and_proven() {
    let Example { mechanism, nonce, messages, .. } = EXAMPLES[1];
    let mut client =
        client_behind_start(mechanism("user", "pencil", nonce), messages[0].as_bytes());
    feed(&mut client, &secure(&[messages[1].as_bytes(), b",x=1"].concat()));
    assert_eq!(lines(&poll(&mut client)), [""; 0]);
    let answer = output(&mut client);
    assert!(!answer.is_empty() && answer != secure_ok(messages[2].as_bytes()));
}

#[test]
fn the_example_of_rfc_2195() {
    let mut client = client_behind_start(Mechanism::cram_md5("tim", "tanstaaftanstaaf"), b"");
    let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
    answers(&mut client, challenge, b"tim b913a602c7eda7a495b4e6e7334d3890");
    ends(&client, &secure(challenge), "HS-07");
}

#[test]
fn rabbit_cr_demo_tells_the_password_when_it_is_asked() {
    let mut client = client_behind_start(Mechanism::rabbit_cr_demo("guest", "secret"), b"guest");
    answers(&mut client, b"Please tell me your password", b"My password is secret");
    ends(&client, &secure(b"Please tell me your password"), "HS-07");
}

#[test]
fn what_a_mechanism_cannot_carry_is_told_before_it_is_sent() {
    for mechanism in [
        Mechanism::scram_sha_1("user", "pencil", ""),
        Mechanism::scram_sha_256("user", "pencil", "a,b"),
        Mechanism::scram_sha_256("user", "pencil", "a b"),
        Mechanism::xoauth2("us\x01er", "token"),
        Mechanism::xoauth2("user", "tok\x01en"),
    ] {
        let name = mechanism.name().to_owned();
        let mut client = Connection::client(ClientConfig::with_mechanisms(vec![mechanism]), T0);
        feed(&mut client, &start(&name));
        let events = poll(&mut client);
        let [Event::Closed(reason)] = &events[..] else { panic!("{events:?}") };
        assert!(reason.text.starts_with(&name[..4]), "{reason}");
        assert_eq!(output(&mut client), PROTOCOL_HEADER);
    }
}

/// The outcome of a login, and whom the server has taken the client for.
fn outcome(mechanism: Mechanism, secret: Option<&Secret>) -> (bool, Vec<u8>) {
    let mut config = ServerConfig::default();
    config.mechanisms = mechanism.name().into();
    let mut login = Verification::new(mechanism.name(), "c2VydmVy").unwrap();
    let mut pair = Pair::new(ClientConfig::with_mechanisms(vec![mechanism]), config);
    pair.accept = false;
    for _ in 0..10 {
        pair.drive();
        let response = match pair.server.next_event() {
            Some(Event::Credentials(login)) => login.response().to_vec(),
            Some(Event::SaslResponse(response)) => response.response().to_vec(),
            Some(Event::VirtualHost(_)) => return (true, login.user().to_vec()),
            Some(Event::Closed(_)) => return (false, login.user().to_vec()),
            other => panic!("{other:?}"),
        };
        let mut verdict = login.respond(&response);
        if verdict == Verdict::Lookup {
            verdict = login.supply(secret);
        }
        let decision = match &verdict {
            Verdict::Challenge(challenge) => Decision::Challenge(challenge),
            Verdict::Accepted => Decision::Accept,
            _ => Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "no" },
        };
        pair.server.connection.decide(decision).unwrap();
    }
    panic!("no end");
}

fn with_password(password: &str) -> Vec<Mechanism> {
    let user = "a=b,c";
    vec![
        Mechanism::plain(user, password),
        Mechanism::amqplain(user, password),
        Mechanism::rabbit_cr_demo(user, password),
        Mechanism::xoauth2(user, password),
        Mechanism::cram_md5(user, password),
        Mechanism::scram_sha_1(user, password, "Y2xpZW50"),
        Mechanism::scram_sha_256(user, password, "Y2xpZW50"),
    ]
}

#[test]
fn a_server_knows_who_knows_the_password() {
    let secret = Secret::password("pencil");
    for mechanism in with_password("pencil") {
        let name = mechanism.name().to_owned();
        assert_eq!(outcome(mechanism.clone(), Some(&secret)), (true, b"a=b,c".to_vec()), "{name}");
        assert_eq!(outcome(mechanism, None), (false, b"a=b,c".to_vec()), "{name}");
    }
    for password in ["", "Pencil", "pencil ", "penci"] {
        for mechanism in with_password(password) {
            let name = mechanism.name().to_owned();
            assert_eq!(outcome(mechanism, Some(&secret)), (false, b"a=b,c".to_vec()), "{name}");
        }
    }
}

#[test]
fn keys_do_for_what_shows_the_password_and_for_scram_with_the_same_hash() {
    for hash in [ScramHash::Sha1, ScramHash::Sha256] {
        let secret = Secret::Scram(hash, ScramKeys::derive(hash, b"pencil", b"salt", 5000));
        for mechanism in with_password("pencil") {
            let name = mechanism.name().to_owned();
            let suits = match &name[..] {
                "CRAM-MD5" => false,
                "SCRAM-SHA-1" | "SCRAM-SHA-256" => name == hash.mechanism(),
                _ => true,
            };
            assert_eq!(outcome(mechanism, Some(&secret)).0, suits, "{name} {hash:?}");
        }
        assert!(!outcome(Mechanism::plain("a", "Pencil"), Some(&secret)).0);
    }
}

#[test]
fn a_server_that_knows_no_password_is_found_out() {
    // It has made the challenge up, and the client's proof means nothing to it.
    let keys = ScramKeys::new(b"salt", 4096, &[7; 32], &[8; 32]);
    let made_up = Secret::Scram(ScramHash::Sha256, keys);
    let scram = Mechanism::scram_sha_256("user", "pencil", "Y2xpZW50");
    assert_eq!(outcome(scram, Some(&made_up)), (false, b"user".to_vec()));
}

#[test]
fn anonymous_and_external_need_no_password() {
    assert_eq!(outcome(Mechanism::anonymous(), None), (true, Vec::new()));
    let shown = Secret::Identity(b"CN=tim".to_vec());
    assert_eq!(outcome(Mechanism::external(), Some(&shown)), (true, b"CN=tim".to_vec()));
    for nobody in [None, Some(&Secret::Identity(Vec::new())), Some(&Secret::password(""))] {
        assert!(!outcome(Mechanism::external(), nobody).0);
    }
    let mut login = Verification::new("EXTERNAL", "").unwrap();
    assert_eq!(login.respond(b"admin"), Verdict::Lookup);
    assert_eq!(login.authorization_id(), b"admin");
}

#[test]
fn a_server_asks_for_a_response_that_is_missing() {
    let secret = Secret::password("secret");
    for (name, response, is_asked) in [
        ("PLAIN", &b"admin\0tim\0secret"[..], true),
        ("XOAUTH2", b"user=tim\x01auth=Bearer secret\x01\x01", true),
        ("SCRAM-SHA-1", b"n,a=admin,n=tim,r=x", true),
        ("CRAM-MD5", b"n,,n=tim,r=x", false),
        ("CRAM-MD5", b"tim", false),
    ] {
        let mut login = Verification::new(name, "nonce").unwrap();
        if is_asked {
            assert_eq!(login.respond(b""), Verdict::Challenge(Vec::new()), "{name}");
            assert_eq!(login.clone().respond(b""), Verdict::Refused, "{name}");
            assert_eq!(login.respond(response), Verdict::Lookup, "{name}");
            assert_eq!(login.user(), b"tim");
            assert_ne!(login.supply(Some(&secret)), Verdict::Refused);
        } else {
            assert_eq!(login.respond(response), Verdict::Refused, "{name}");
        }
    }
    assert!(Verification::new("GSSAPI", "nonce").is_none());
    assert!(Verification::new("plain", "nonce").is_none());
}

#[test]
fn a_server_refuses_scram_that_is_malformed() {
    for message in [
        "",
        "n",
        "n,,",
        "n,n=tim,r=x",
        "p=tls-unique,,n=tim,r=x",
        "x,,n=tim,r=x",
        "n,,r=x,n=tim",
        "n,,m=1,n=tim,r=x",
        "n,,n=tim",
        "n,,n=tim,r=",
        "n,,n=ti=m,r=x",
        "n,a=a=b,n=tim,r=x",
        "n,,n=tim,r=\x01",
        "N,,n=tim,r=x",
    ] {
        let mut login = Verification::new("SCRAM-SHA-256", "nonce").unwrap();
        let verdict = login.respond(message.as_bytes());
        let asks = Verdict::Challenge(Vec::new());
        assert_eq!(verdict, if message.is_empty() { asks } else { Verdict::Refused }, "{message}");
    }
    // An identity proves nothing.
    let mut login = Verification::new("SCRAM-SHA-256", "nonce").unwrap();
    assert_eq!(login.respond(b"y,,n=tim,r=x"), Verdict::Lookup);
    assert_eq!(login.supply(Some(&Secret::Identity(b"tim".to_vec()))), Verdict::Refused);
}

/// A client that could bind to the channel says so, and proves that nobody has changed it; so it does with whom
/// it wants to act as.
#[test]
fn what_stands_before_the_first_message_is_proven() {
    for (header, echo, authorization_id) in
        [("n,,", "biws", ""), ("y,,", "eSws", ""), ("n,a=b=2Cc,", "bixhPWI9MkNjLA==", "b,c")]
    {
        let first = format!("{header}n=user,r=x");
        for echoed in ["biws", "eSws", "bixhPWI9MkNjLA=="] {
            let keys = ScramKeys::derive(ScramHash::Sha256, b"pencil", b"salt", 4096);
            let mut login = Verification::new("SCRAM-SHA-256", "y").unwrap();
            assert_eq!(login.respond(first.as_bytes()), Verdict::Lookup);
            assert_eq!(login.authorization_id(), authorization_id.as_bytes());
            let secret = Secret::Scram(ScramHash::Sha256, keys);
            let Verdict::Challenge(challenge) = login.supply(Some(&secret)) else { panic!() };
            assert_eq!(challenge, b"r=xy,s=c2FsdA==,i=4096");
            // The proof is of what the client has sent, whatever that is.
            let proof = proof(b"pencil", &first[header.len()..], &challenge, echoed);
            let verdict = login.respond(format!("c={echoed},r=xy,p={proof}").as_bytes());
            assert_eq!(
                matches!(verdict, Verdict::Challenge(_)),
                echoed == echo,
                "{header} {echoed}"
            );
        }
    }
    let mut login = Verification::new("PLAIN", "").unwrap();
    assert_eq!(login.respond(b"admin\0tim\0pencil"), Verdict::Lookup);
    assert_eq!((login.authorization_id(), login.user()), (&b"admin"[..], &b"tim"[..]));
}

/// A client's proof by SCRAM-SHA-256, with the salt `salt` and 4096 iterations, by the crates themselves.
fn proof(password: &[u8], first_bare: &str, challenge: &[u8], echo: &str) -> String {
    use base64ct::{Base64, Encoding};
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::{Digest, Sha256};
    let hmac = |key: &[u8], octets: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(octets);
        mac.finalize().into_bytes().to_vec()
    };
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password, b"salt", 4096, &mut salted);
    let client_key = hmac(&salted, b"Client Key");
    let without_proof = format!("c={echo},r=xy");
    let challenge = core::str::from_utf8(challenge).unwrap();
    let message = format!("{first_bare},{challenge},{without_proof}");
    let signature = hmac(&Sha256::digest(&client_key), message.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    Base64::encode_string(&proof)
}

/// A nonce that the peer chose finds its way into what is answered, which has to fit a frame.
#[test]
fn nonces_have_an_end() {
    for (len, verdict) in [(1024, Verdict::Lookup), (1025, Verdict::Refused)] {
        let mut login = Verification::new("SCRAM-SHA-1", "nonce").unwrap();
        assert_eq!(login.respond(format!("n,,n=u,r={}", "A".repeat(len)).as_bytes()), verdict);
    }
    let scram = Mechanism::scram_sha_1("user", "pencil", "x");
    let client = client_behind_start(scram, b"n,,n=user,r=x");
    let challenge = format!("r=x{},s=QUJD,i=4096", "A".repeat(1025));
    let expected = ends(&client, &secure(challenge.as_bytes()), "HS-17");
    assert!(expected.contains("nonce"), "{expected}");

    for nonce in ["", "a,b", "\u{e4}", "a b"] {
        for mechanism in ["CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"] {
            assert!(Verification::new(mechanism, nonce).is_none(), "{mechanism} {nonce:?}");
        }
        assert!(Verification::new("PLAIN", nonce).is_some());
    }
}

/// An empty challenge asks who logs in, not for the password.
#[test]
fn rabbit_cr_demo_asks_once() {
    let mut client = client_behind_start(Mechanism::rabbit_cr_demo("", "secret"), b"");
    answers(&mut client, b"", b"");
    answers(&mut client, b"Please tell me your password", b"My password is secret");
    let mut login = Verification::new("RABBIT-CR-DEMO", "").unwrap();
    let Verdict::Challenge(question) = login.respond(b"") else { panic!() };
    assert!(!question.is_empty());
    assert_eq!(login.respond(b"My password is secret"), Verdict::Lookup);
    assert_eq!(login.user(), b"");
    assert_eq!(login.supply(Some(&Secret::password("secret"))), Verdict::Accepted);
}

#[test]
fn verdicts_and_secrets_show_nothing() {
    let mut login = Verification::new("PLAIN", "nonce").unwrap();
    let _ = login.respond(b"\0tim\0S3CRET");
    let secret = Secret::password("S3CRET");
    let keys = ScramKeys::derive(ScramHash::Sha1, b"S3CRET", b"salt", 1);
    let challenge = Verdict::Challenge(b"S3CRET".to_vec());
    let shown = format!("{login:?} {secret:?} {keys:?} {challenge:?} {:?}", Verdict::Refused);
    assert!(!shown.contains("S3CRET") && !shown.contains("salt"), "{shown}");
    assert!(shown.contains("tim"), "{shown}");
}
