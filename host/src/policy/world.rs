//! What a component says of itself, as WIT: its world with what it imports and exports, and every package that these
//! are of. For people: nothing here is decided by it.

use std::sync::Arc;

use wit_component_of_wasmtime::{WitPrinter, decode};

use super::{Error, Runtime};

impl Runtime {
    /// The WIT of a component.
    ///
    /// # Errors
    /// `Error::Refused` where it cannot be said in WIT.
    pub async fn wit(&self, bytes: Arc<[u8]>) -> Result<String, Error> {
        let printed = self.off_thread(move |_| print(&bytes)).await?;
        printed.map_err(|why| Error::Refused(vec![format!("The component cannot be told as WIT: {why}.")]))
    }
}

fn print(bytes: &[u8]) -> Result<String, String> {
    let decoded = decode(bytes).map_err(|error| format!("{error:#}"))?;
    let (resolve, own) = (decoded.resolve(), decoded.package());
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != own).collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, own, &others).map_err(|error| format!("{error:#}"))?;
    Ok(printer.output.into())
}
