use crate::model::Protocol;
use anyhow::{Result, bail};
use std::path::Path;
pub(crate) fn run(_: &Protocol, _: &Path, _: &Path) -> Result<()> {
    bail!("not yet")
}
