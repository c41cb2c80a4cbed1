//! What the image was started with.

use cortex_m_semihosting::syscall1;

/// The first argument behind the program's name, as a number.
pub(crate) fn first(buffer: &mut [u8]) -> Option<usize> {
    command_line(buffer)?.split(' ').nth(1)?.parse().ok()
}

fn command_line(buffer: &mut [u8]) -> Option<&str> {
    /// What the call takes and changes: where to write, and how much may be or was written.
    #[repr(C)]
    struct Line {
        octets: *mut u8,
        len: usize,
    }
    let mut line = Line { octets: buffer.as_mut_ptr(), len: buffer.len() };
    // SAFETY: the block is as GET_CMDLINE wants it, and names the octets of `buffer`.
    let failed = unsafe { syscall1!(GET_CMDLINE, &raw mut line) } != 0;
    // SAFETY: it is initialised, and nothing else names it now.
    let len = unsafe { (&raw const line.len).read_volatile() };
    let text = buffer.get(..len).filter(|_| !failed)?;
    str::from_utf8(text).ok()
}
