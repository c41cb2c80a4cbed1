//! Where and with what it was measured.

use crate::peers::rabbitmq;

/// Lines of a list; to be asked for before anything is written, which would change the working tree.
pub(crate) fn lines() -> Vec<String> {
    let processor = first_line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = first_line("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| "unknown".into());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        format!("date: {}", jiff::Timestamp::now().strftime("%Y-%m-%d")),
        format!("processor: {processor}, {cores} cores"),
        format!("system: {}, Linux {}", system.trim_matches('"'), kernel.trim()),
        format!("compiler: {}", env!("VERSION_OF_RUSTC")),
        format!("amqp-proto: commit {}, with bytes {}", commit(), env!("VERSION_OF_BYTES")),
        format!("amq-protocol {}", env!("VERSION_OF_AMQ_PROTOCOL")),
        format!(
            "amqp_serde {} with the types of amqprs {}",
            env!("VERSION_OF_AMQP_SERDE"),
            env!("VERSION_OF_AMQPRS"),
        ),
        format!("rabbitmq-c {}, as the system brings it", rabbitmq::version()),
    ]
}

/// The commit of what is measured, and whether it was changed since.
fn commit() -> String {
    let mut git = std::process::Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]);
    let output = git.output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".into())
}

/// What follows `name` and a separator in the first line that begins with it.
fn first_line(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':', '=']).trim().to_owned())
}
