//! What the program runs: the one file that knows the crate's interface.

use alloc::vec::Vec;

use amqp_proto as _;

/// Runs the exchange, or says what went wrong.
pub fn run() -> Result<(), &'static str> {
    // Allocates, so that the allocator is exercised while the crate offers nothing yet.
    let squares: Vec<u32> = (0..100).map(|n| n * n).collect();
    if squares.iter().sum::<u32>() != 328_350 {
        return Err("the allocator is broken");
    }
    Ok(())
}
