//! How deep the stack was.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Octets that were in use at most, or `None` where the stack may have grown out of its place: the
/// word that lies furthest from its start was overwritten.
pub(crate) fn peak() -> Option<usize> {
    let (start, end) = (&raw const _stack_start, &raw const _stack_end);
    let words = (start.addr() - end.addr()) / size_of::<u32>();
    // SAFETY: these words are memory that the start-up code has painted. What lies in use is read
    // as well as the rest: by volatile reads, which nobody can be surprised by.
    let painted = |word: &usize| unsafe { end.add(*word).read_volatile() } == STACK_PAINT_VALUE;
    let untouched = (0..words).take_while(painted).count();
    (untouched > 0).then_some((words - untouched) * size_of::<u32>())
}
