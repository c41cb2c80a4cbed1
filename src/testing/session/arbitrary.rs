//! `Arbitrary` for sessions: steps one behind another, so that a change of the input's end changes the last
//! of them alone.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::Side;
use crate::protocol::PropertiesBuf;

use super::setup::configured;
use super::{Answer, Command, Message, Script, Sending, Settling, Step, Verdict};
use crate::testing::{Door, MethodBuf};

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (client, server) = configured(&u.arbitrary()?);
        let connected = u.arbitrary::<u8>()? % 8 < 7;
        let mut steps = Vec::new();
        while !u.is_empty() {
            steps.push(u.arbitrary()?);
        }
        Ok(Self { client, server, connected, steps })
    }
}

impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let [kind, side]: [u8; 2] = u.arbitrary()?;
        let side = if side % 2 == 0 { Side::Client } else { Side::Server };
        Ok(match kind {
            0..=109 => Self::Give(side, u.arbitrary()?),
            110..=149 => Self::Transmit(side, size(u)?),
            150..=189 => Self::Receive(side),
            190..=229 => Self::Poll(side, u.arbitrary::<u8>()? % 8),
            230..=238 => Self::Pass(u16::from(u.arbitrary::<u8>()?)),
            239..=240 => Self::Jump,
            241..=244 => Self::Latency(side, u.arbitrary::<u16>()? % 500),
            245..=248 => Self::Chunk(side, size(u)?),
            249..=252 => Self::Door(side, *u.choose(&[Door::Input, Door::Bytes, Door::Slice])?),
            // What ends a session is rare.
            253.. => match u.arbitrary::<u8>()? {
                0 => Self::Cut(side),
                1 => Self::End(side),
                _ => Self::Jump,
            },
        })
    }
}

/// A number of octets that is mostly all, or few.
fn size(u: &mut Unstructured<'_>) -> Result<u16> {
    Ok(match u.arbitrary::<u8>()? {
        0..=127 => 0,
        few @ 128..=250 => u16::from(few - 127),
        _ => u.arbitrary()?,
    })
}

impl<'a> Arbitrary<'a> for Command {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind: u8 = u.arbitrary()?;
        if let 0..=24 = kind {
            return Ok(match kind {
                0..=19 => Self::OpenChannel,
                _ => Self::OpenChannelNumber(u.arbitrary::<u16>()? % 2050),
            });
        }
        if let 241..=255 = kind {
            return Ok(match kind {
                241..=246 => Self::Decide(u.arbitrary()?),
                247..=250 => Self::Block(u.arbitrary()?),
                251..=253 => Self::UpdateSecret(u.arbitrary::<u16>()? % 6000),
                _ => match u.arbitrary::<u8>()? {
                    0..=1 => Self::Redirect,
                    2..=3 => Self::Close,
                    _ => Self::OpenChannel,
                },
            });
        }
        let channel = u.arbitrary()?;
        Ok(match kind {
            0..=29 => Self::CloseChannel { channel },
            30..=89 => Self::Call { channel, method: MethodBuf::request(u)? },
            90..=129 => Self::Answer { channel, request: place(u)?, how: u.arbitrary()? },
            130..=169 => {
                let (number, multiple) = (u.arbitrary()?, u.arbitrary()?);
                Self::Settle { channel, number, multiple, how: u.arbitrary()? }
            }
            170..=219 => Self::Send { channel, message: u.arbitrary()? },
            _ => Self::SendBody { channel, size: u.int_in_range(0..=200_000)? },
        })
    }
}

/// Mostly the first.
fn place(u: &mut Unstructured<'_>) -> Result<u8> {
    Ok(u.arbitrary::<u8>()?.saturating_sub(240))
}

impl<'a> Arbitrary<'a> for Message {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let how = match u.arbitrary::<u8>()? % 8 {
            0..=1 => Sending::Copied,
            2..=3 => Sending::Shared,
            4..=5 => Sending::Begun,
            6 => Sending::Prepared,
            _ => Sending::Returned,
        };
        let size = match u.arbitrary::<u8>()? {
            small @ 0..=199 => u32::from(small),
            200..=245 => u.int_in_range(0..=9000)?,
            _ => u.int_in_range(0..=300_000)?,
        };
        // Mostly none: the octets are better spent on steps.
        let properties = if u.ratio(1, 4)? { u.arbitrary()? } else { PropertiesBuf::new() };
        Ok(Self { properties, size, how })
    }
}

impl<'a> Arbitrary<'a> for Verdict {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? {
            1..=205 => Self::Accept,
            0 => Self::Refuse,
            206..=230 => Self::Challenge(u.arbitrary::<u16>()? % 6000),
            _ => Self::Respond(u.arbitrary::<u16>()? % 6000),
        })
    }
}

impl<'a> Arbitrary<'a> for Answer {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? {
            0..=179 => Self::Reply,
            180..=229 => Self::Message(u.arbitrary::<u16>()? % 10_000),
            230..=252 => Self::Wrong,
            _ => Self::Fail,
        })
    }
}

impl<'a> Arbitrary<'a> for Settling {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&[Self::Ack, Self::Ack, Self::Nack, Self::Reject]).copied()
    }
}
