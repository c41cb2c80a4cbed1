use alloc::vec::Vec;

use super::Finding;

/// What an end has written: a protocol header, then whole frames; one Close, and nothing behind close-ok.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    /// A protocol header comes first.
    header: bool,
    /// The beginning of a frame.
    pending: Vec<u8>,
    closed: bool,
    answered: bool,
}

const CONNECTION_CLOSE: &[u8] = &[0, 10, 0, 50];
const CONNECTION_CLOSE_OK: &[u8] = &[0, 10, 0, 51];

impl Output {
    pub(super) fn of_client() -> Self {
        Self { header: true, ..Self::default() }
    }

    pub(super) fn of_server() -> Self {
        Self::default()
    }

    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), Finding> {
        self.pending.extend_from_slice(octets);
        let pending = core::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        // A server that refuses a client answers with a header.
        while let Some((first, _)) = rest.split_first() {
            if self.header || *first == b'A' {
                let Some((header, behind)) = rest.split_at_checked(8) else { break };
                if !header.starts_with(b"AMQP") {
                    return Err(Finding::Output { what: "begins without a protocol header" });
                }
                self.header = false;
                rest = behind;
                continue;
            }
            let size = rest.get(3..7).and_then(|size| size.try_into().ok());
            let Some(size) = size.map(u32::from_be_bytes) else { break };
            let Ok(end) = usize::try_from(size).map(|size| size.saturating_add(7)) else { break };
            let Some(end_octet) = rest.get(end) else { break };
            if !matches!(first, 1 | 2 | 3 | 8) || *end_octet != 0xCE {
                return Err(Finding::Output { what: "isn't made of frames" });
            }
            self.frame(rest.get(..end).unwrap_or_default())?;
            rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    fn frame(&mut self, frame: &[u8]) -> Result<(), Finding> {
        if self.answered {
            return Err(Finding::Output { what: "goes on behind close-ok" });
        }
        let id = frame.get(7..11).filter(|_| frame.first() == Some(&1));
        if id == Some(CONNECTION_CLOSE) && core::mem::replace(&mut self.closed, true) {
            return Err(Finding::Output { what: "has a second Close" });
        }
        self.answered |= id == Some(CONNECTION_CLOSE_OK);
        Ok(())
    }

    pub(super) fn check_over(&self) -> Result<(), Finding> {
        if self.pending.is_empty() {
            return Ok(());
        }
        Err(Finding::Output { what: "ends within a frame" })
    }
}
