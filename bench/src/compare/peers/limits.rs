//! What no codec can undercut by much: finding the frames, and touching the octets.

use core::hint::black_box;

/// Walks from frame header to frame header: a load of eight octets, bounds, the end octet.
#[inline(never)]
pub(crate) fn scan(octets: &[u8]) -> usize {
    let mut rest = octets;
    let mut frames = 0;
    while let Some(head) = rest.first_chunk::<8>() {
        // Type, channel and size are the upper seven octets.
        let size = (u64::from_be_bytes(*head) >> 8) as u32 as usize;
        let Some((&0xCE, _)) = rest.get(7 + size..).and_then(<[u8]>::split_first) else { break };
        rest = &rest[8 + size..];
        frames += 1;
    }
    black_box(rest);
    frames
}

/// Copies octets to the same place again and again.
#[inline(never)]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    black_box(&mut to[..from.len()]).copy_from_slice(black_box(from));
}

#[cfg(test)]
mod tests {
    use amqp_bench::streams::Deliveries;

    #[test]
    fn the_scan_counts_frames_up_to_a_fault() {
        let mut stream = Deliveries::regular(64, 4096);
        assert_eq!(super::scan(&stream.octets), stream.frames);
        *stream.octets.last_mut().unwrap() = 0;
        assert_eq!(super::scan(&stream.octets), stream.frames - 1);
    }
}
