//! Puts the text through `rustfmt` and onto the disk, or compares it with what is there.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::emit::File;

pub(crate) fn write(target: &Path, files: &[File], repository: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    for file in files {
        let text = format(&file.text, repository).with_context(|| file.name.clone())?;
        write_page(&target.join(&file.name), &text)?;
    }
    refuse_strangers(target, files)
}

/// Writes a file as it is.
pub(crate) fn write_page(path: &Path, text: &str) -> Result<()> {
    let is_same = fs::read_to_string(path).is_ok_and(|old| old == text);
    if !is_same {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

pub(crate) fn check(target: &Path, files: &[File], repository: &Path) -> Result<()> {
    for file in files {
        let text = format(&file.text, repository).with_context(|| file.name.clone())?;
        check_page(&target.join(&file.name), &text)?;
    }
    refuse_strangers(target, files)?;
    println!("src/protocol/generated is up to date");
    Ok(())
}

/// Fails if the file isn't what would be written.
pub(crate) fn check_page(path: &Path, text: &str) -> Result<()> {
    let old =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if let Some(difference) = first_difference(&old, text) {
        bail!("{}:{difference}", path.display());
    }
    Ok(())
}

/// Fails if a file lies in the directory that is none of ours.
fn refuse_strangers(target: &Path, files: &[File]) -> Result<()> {
    for entry in fs::read_dir(target)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        ensure!(
            files.iter().any(|file| file.name == name),
            "{} holds {name}, which is not generated; remove it",
            target.display()
        );
    }
    Ok(())
}

/// Puts Rust into the house's layout.
pub(crate) fn format(text: &str, repository: &Path) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(repository)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start rustfmt")?;
    let mut input = rustfmt.stdin.take().context("rustfmt takes no input")?;
    // Writing beside the waiting keeps both pipes from filling up.
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt does not take the text");
    writer.join().ok().context("the writer has stopped")??;
    Ok(String::from_utf8(output.stdout)?)
}

/// The first line that differs, as `number: what is there / what should be`.
fn first_difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let mut old_lines = old.lines();
    let mut new_lines = new.lines();
    for number in 1.. {
        match (old_lines.next(), new_lines.next()) {
            (None, None) => return Some(format!("{number}: the ends of lines differ")),
            (there, wanted) if there != wanted => {
                let there = there.unwrap_or("(the end)");
                let wanted = wanted.unwrap_or("(the end)");
                return Some(format!("{number}:\n  there:  {there}\n  wanted: {wanted}"));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let said = first_difference("a\nb\n", "a\nc\n").unwrap();
        assert!(said.starts_with("2:") && said.contains("there:  b") && said.contains("wanted: c"));
        let said = first_difference("a\n", "a\nb\n").unwrap();
        assert!(said.starts_with("2:") && said.contains("(the end)"));
        assert!(first_difference("a", "a\n").is_some());
    }
}
