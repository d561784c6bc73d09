//! What can be seen of a component without compiling it: its imports, its exports, its memories.

use std::ops::Range;

use wasmparser::{Encoding, Parser, Payload};

/// The custom sections of a component in which it carries its scenarios.
pub(super) const SCENARIOS_SECTION: &str = "switchboard:scenarios";

/// The outside of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Names of the component's own imports.
    pub(super) imports: Vec<String>,
    /// Names of its own exports.
    pub(super) exports: Vec<String>,
    /// Core instances, those of nested components included.
    pub(super) core_instances: u32,
    /// Modules that have a memory of their own, each counted once.
    pub(super) memories: u32,
    /// The initial size of all these memories together.
    pub(super) initial_memory_bytes: u64,
    /// Where the contents of its own sections of scenarios lie in its bytes. Those of nested components are the
    /// matter of those who made them.
    pub(super) scenarios: Vec<Range<usize>>,
}

/// Unless a module says otherwise.
const PAGE_BYTES: u64 = 64 << 10;

/// Reads the shape; a refusal is a sentence.
pub(super) fn read(bytes: &[u8]) -> Result<Shape, String> {
    if !bytes.starts_with(b"\0asm") {
        return Err(
            "The file is no WebAssembly: it does not begin with `\\0asm`. Push the `.wasm` file that \
                    `switchboard plugin build` wrote."
                .to_owned(),
        );
    }
    let mut shape = Shape::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| malformed(&error))?;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err("The file is a core module, not a component: encode it as a component \
                            (`switchboard plugin build`, or `wasm-tools component new`)."
                    .to_owned());
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            other => shape.note(other, depth).map_err(|error| malformed(&error))?,
        }
    }
    Ok(shape)
}

impl Shape {
    fn note(&mut self, payload: Payload<'_>, depth: u32) -> wasmparser::Result<()> {
        match payload {
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 1 && section.name() == SCENARIOS_SECTION => {
                let from = section.data_offset();
                self.scenarios.push(from..from + section.data().len());
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    if matches!(instance?, wasmparser::Instance::Instantiate { .. }) {
                        self.core_instances += 1;
                    }
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    let page_bytes = memory.page_size_log2.map_or(PAGE_BYTES, |log2| 1 << log2.min(16));
                    self.memories += 1;
                    self.initial_memory_bytes =
                        self.initial_memory_bytes.saturating_add(memory.initial.saturating_mul(page_bytes));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn malformed(error: &wasmparser::BinaryReaderError) -> String {
    format!("The file is damaged: {} at byte {}.", error.message(), error.offset())
}
