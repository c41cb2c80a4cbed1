//! Plays a tape, `show client|server FILE`, and prints its steps and what comes of them.

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(file)) = (arguments.next(), arguments.next()) else {
        panic!("usage: show client|server FILE");
    };
    amqp_fuzz::show(&target, &std::fs::read(file).expect("the file can't be read"));
}
