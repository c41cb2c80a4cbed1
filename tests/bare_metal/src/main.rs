//! Runs the tour of `tests/no_std` on a Cortex-M4 that has 32 KiB of heap for both of its ends.
//!
//! It speaks to the debugger that holds the device, or to QEMU, by semihosting: prints what the
//! heap held after each step and at most, and how deep the stack was; ends with success only if the
//! tour went well and gave everything back. The first argument, if there is one, is the size of the
//! heap in octets.
#![no_std]
#![no_main]

mod arguments;
mod heap;
mod stack;

use core::panic::PanicInfo;

use cortex_m as _; // its critical sections
use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::{debug, hprintln};

#[entry]
fn main() -> ! {
    let mut buffer = [0; 128];
    let size = arguments::first(&mut buffer).unwrap_or(heap::LARGEST);
    heap::provide(size);
    hprintln!("heap of {} octets for both ends", size);

    let result = amqp_no_std::run(|step| {
        hprintln!("{:>5} in use, {:>5} at most: {}", heap::used(), heap::peak(), step);
    });
    if let Err(failure) = result {
        hprintln!("{}", failure);
        fail();
    }
    if heap::used() > 0 {
        hprintln!("{} octets were not given back", heap::used());
        fail();
    }
    let Some(stack) = stack::peak() else {
        hprintln!("the stack was used up");
        fail();
    };
    hprintln!("peak heap use: {} octets, peak stack use: {} octets", heap::peak(), stack);
    end(debug::EXIT_SUCCESS)
}

fn fail() -> ! {
    end(debug::EXIT_FAILURE)
}

fn end(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    // Where nobody holds the device.
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    fail()
}

// SAFETY: it returns nowhere, and shares nothing with what it has interrupted.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    hprintln!("{:?}", frame);
    fail()
}
