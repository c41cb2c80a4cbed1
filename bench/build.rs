//! Builds the C shim that drives rabbitmq-c, where it takes part.

fn main() {
    #[cfg(feature = "peers")]
    peers();
    #[cfg(feature = "peers")]
    versions();
}

#[cfg(feature = "peers")]
fn peers() {
    println!("cargo::rerun-if-changed=shim/rabbitmq.c");
    let library = pkg_config::Config::new().atleast_version("0.11").probe("librabbitmq");
    let library = match library {
        Ok(library) => library,
        Err(error) => panic!("rabbitmq-c is needed (Debian: librabbitmq-dev, pkg-config): {error}"),
    };
    cc::Build::new()
        .file("shim/rabbitmq.c")
        .includes(library.include_paths)
        .extra_warnings(true)
        .compile("amqp_bench_shim");
    // Behind the shim, which asks for it.
    for name in library.libs {
        println!("cargo::rustc-link-lib={name}");
    }
}

/// Names what is compared: the versions of the lock file, which no crate tells by itself.
#[cfg(feature = "peers")]
fn versions() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").expect("a lock file");
    for name in ["amq-protocol", "amqp_serde", "amqprs", "bytes"] {
        let package = format!("name = \"{name}\"\nversion = \"");
        let (_, rest) = lock.split_once(&package).expect("a package of the lock file");
        let (version, _) = rest.split_once('"').expect("its version");
        let name = name.replace('-', "_").to_uppercase();
        println!("cargo::rustc-env=VERSION_OF_{name}={version}");
    }
    let rustc = std::env::var_os("RUSTC").expect("cargo names the compiler");
    let output = std::process::Command::new(rustc).arg("--version").output();
    let version = output.expect("the compiler tells its version").stdout;
    println!("cargo::rustc-env=VERSION_OF_RUSTC={}", String::from_utf8_lossy(&version).trim());
}
