//! Keeps the C header, the exported symbols and the layout of the ABI in step.
//!
//! `include/lgstore.h` is generated here and committed; `UPDATE_HEADER=1 cargo test --test header`
//! rewrites it together with the lists in `tests/abi/` and `abi/`. With `LGSTORE_LIBRARY` naming a
//! built `liblgstore.so`, its dynamic symbols are compared too (CTest sets it).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Objects of the C ABI in the order in which the header shows them; files not named here follow.
const ORDER: [&str; 9] =
    ["version", "status", "op", "types", "runtime", "store", "submit", "result", "error"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn updating() -> bool {
    std::env::var_os("UPDATE_HEADER").is_some_and(|value| value == "1")
}

/// The sources of the C ABI, in header order.
fn sources() -> Vec<PathBuf> {
    let folder = root().join("src/capi");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("src/capi")
        .map(|entry| entry.expect("entry of src/capi").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        // mod.rs would bring all others along once more, in its own order.
        .filter(|path| path.file_name().is_some_and(|name| name != "mod.rs"))
        .collect();
    files.sort_by_key(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (ORDER.iter().position(|name| *name == stem).unwrap_or(ORDER.len()), stem)
    });
    files
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in sources() {
        builder = builder.with_src(file);
    }
    let mut text = Vec::new();
    builder.generate().expect("cbindgen reads src/capi").write(&mut text);
    arranged(&String::from_utf8(text).expect("UTF-8"))
}

/// What cbindgen has no setting for: short comments on one line, constants without blank lines between
/// them, a heading before the functions of each object, and the trailer inside the include guard.
fn arranged(text: &str) -> String {
    let (body, trailer) = text.split_once("\n#endif  /* LGSTORE_H */\n").expect("an include guard");
    let sections = sections();
    let mut out = String::with_capacity(text.len() + 1024);
    let mut section = "";
    let mut after_define = false;
    for block in body.replace(" * # Safety\n * ", " * Safety: ").split("\n\n") {
        let block = &short_comments(block);
        let is_define = block.lines().next_back().is_some_and(|line| line.starts_with("#define "))
            && block.lines().count() <= 2;
        if !out.is_empty() {
            out.push_str(if is_define && after_define { "\n" } else { "\n\n" });
        }
        if let Some(name) = prototypes(block).first() {
            let heading = &sections.iter().find(|(_, names)| names.contains(name)).expect("an export").0;
            if heading != section {
                section = heading;
                out.push_str(&format!("/* ---- {section} ---- */\n\n"));
            }
        }
        out.push_str(block.trim_end());
        after_define = is_define;
    }
    format!("{out}\n{}\n\n#endif /* LGSTORE_H */\n", trailer.trim_end())
}

/// Puts comments of one line on one line.
fn short_comments(block: &str) -> String {
    let lines: Vec<&str> = block.lines().collect();
    let mut out = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let indent = &lines[at][..lines[at].len() - lines[at].trim_start().len()];
        match (lines[at].trim(), lines.get(at + 1), lines.get(at + 2).map(|line| line.trim())) {
            ("/**", Some(text), Some("*/")) => {
                out.push(format!("{indent}/** {} */", text.trim().trim_start_matches("* ")));
                at += 3;
            }
            _ => {
                out.push(lines[at].to_owned());
                at += 1;
            }
        }
    }
    out.join("\n")
}

/// For each source: the first line of its module documentation, and the functions that it exports.
fn sections() -> Vec<(String, BTreeSet<String>)> {
    sources()
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("source");
            let first = text.lines().next().unwrap_or("").trim_start_matches("//!").trim();
            (first.trim_end_matches('.').to_owned(), exported_by(&file))
        })
        .collect()
}

/// Compares `path` with `text`, or writes it when asked to.
fn golden(path: &str, text: &str) {
    if updating() {
        fs::write(root().join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
    if committed == text {
        return;
    }
    let difference = committed
        .lines()
        .map(Some)
        .chain(std::iter::repeat(None))
        .zip(text.lines().map(Some).chain(std::iter::repeat(None)))
        .enumerate()
        .find(|(_, (a, b))| a != b || (a.is_none() && b.is_none()));
    panic!(
        "{path} is not what src/capi says (first difference: {difference:?}); \
         look at it, then run UPDATE_HEADER=1 cargo test --test header"
    );
}

/// `#define NAME value` lines of the header, values with casts and suffixes stripped.
fn constants(header: &str) -> Vec<(String, String)> {
    header
        .lines()
        .filter_map(|line| {
            let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
            name.starts_with("LGSTORE_").then(|| (name.to_owned(), value.trim().to_owned()))
        })
        .filter(|(name, _)| !name.contains('('))
        .collect()
}

fn constant(header: &str, name: &str) -> u64 {
    let (_, value) = constants(header)
        .into_iter()
        .find(|(found, _)| found == name)
        .unwrap_or_else(|| panic!("no {name} in the header"));
    value.trim_end_matches(['u', 'U', 'l', 'L']).parse().unwrap_or_else(|_| panic!("{name}: {value}"))
}

/// Names of the functions that the header declares: an identifier directly before `(` at the start
/// of a declaration. Function pointer typedefs have `(*` there.
fn prototypes(header: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in header.lines() {
        if line.starts_with(['#', '/', ' ', '*', '}']) || line.starts_with("typedef") {
            continue;
        }
        if let Some((before, _)) = line.split_once('(') {
            let name: String = before
                .chars()
                .rev()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            if name.starts_with("lgstore_") {
                names.insert(name);
            }
        }
    }
    names
}

/// Names that Rust exports: the function behind each `#[unsafe(no_mangle)]`.
fn exports() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in sources() {
        for name in exported_by(&file) {
            assert!(names.insert(name.clone()), "{name} is exported twice");
        }
    }
    names
}

fn exported_by(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).expect("source");
    let mut names = BTreeSet::new();
    for part in text.split("#[unsafe(no_mangle)]").skip(1) {
        let rest =
            part.split("fn ").nth(1).unwrap_or_else(|| panic!("no function after no_mangle in {file:?}"));
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        assert!(name.starts_with("lgstore_"), "{name} in {file:?}: exports are called lgstore_*");
        assert!(names.insert(name.clone()), "{name} is exported twice");
    }
    names
}

/// The names of the version script, each with its version node.
fn version_script() -> BTreeSet<(String, String)> {
    let mut names = BTreeSet::new();
    let mut node = String::new();
    for line in read("abi/lgstore.map").lines().map(str::trim) {
        if let Some(name) = line.strip_suffix('{') {
            node = name.trim().to_owned();
        } else if line.starts_with("lgstore_") {
            assert!(!line.contains('*'), "abi/lgstore.map names each function: {line}");
            names.insert((line.trim_end_matches(';').to_owned(), node.clone()));
        }
    }
    names
}

/// `name node` lines of the golden symbol list.
fn golden_symbols() -> BTreeSet<(String, String)> {
    read("abi/exported_symbols.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (name, node) = line.split_once(' ').unwrap_or_else(|| panic!("name and node: {line}"));
            (name.to_owned(), node.to_owned())
        })
        .collect()
}

#[test]
fn header_is_generated() {
    golden("include/lgstore.h", &generated());
}

#[test]
fn symbols_agree() {
    let exported = exports();
    let declared = prototypes(&generated());
    assert_eq!(exported, declared, "functions exported by src/capi, functions declared in the header");
    let script: BTreeSet<String> = version_script().into_iter().map(|(name, _)| name).collect();
    assert_eq!(exported, script, "functions exported by src/capi, names in abi/lgstore.map");
    assert_eq!(version_script(), golden_symbols(), "abi/lgstore.map, abi/exported_symbols.txt");
}

#[test]
fn library_exports_exactly_these() {
    let Some(library) = std::env::var_os("LGSTORE_LIBRARY") else {
        println!("LGSTORE_LIBRARY is not set: the library is checked under CTest");
        return;
    };
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--with-symbol-versions"])
        .arg(&library)
        .output()
        .expect("nm (binutils)");
    assert!(output.status.success(), "nm failed on {library:?}");
    let mut found = BTreeSet::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let mut fields = line.split_whitespace().skip(1);
        let (kind, symbol) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let (name, node) = symbol.split_once("@@").unwrap_or((symbol, ""));
        if kind == "A" && name.starts_with("LGSTORE_") {
            continue; // the version node itself
        }
        found.insert((name.to_owned(), node.to_owned()));
    }
    assert_eq!(found, golden_symbols(), "dynamic symbols of the library, abi/exported_symbols.txt");
}

#[test]
fn versions_agree() {
    let header = generated();
    let package: Vec<u64> =
        env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().expect("a number")).collect();
    let major = constant(&header, "LGSTORE_VERSION_MAJOR");
    let minor = constant(&header, "LGSTORE_VERSION_MINOR");
    let patch = constant(&header, "LGSTORE_VERSION_PATCH");
    assert_eq!(package, [major, minor, patch], "Cargo.toml, the header's version macros");
    let number = constant(&header, "LGSTORE_VERSION_NUMBER");
    assert_eq!(number, major * 1_000_000 + minor * 1_000 + patch);
    let abi = constant(&header, "LGSTORE_ABI_VERSION");
    let cmake = read("CMakeLists.txt");
    assert!(
        cmake.contains(&format!("set(LGSTORE_ABI_VERSION {abi})")),
        "CMakeLists.txt does not set LGSTORE_ABI_VERSION {abi}"
    );
}

#[test]
fn numbers_are_frozen() {
    let mut text = String::from("# Constants of the C ABI. Never renumber, never reuse; only add.\n");
    for (name, value) in constants(&generated()) {
        if !name.starts_with("LGSTORE_VERSION_") {
            text.push_str(&format!("{name} {value}\n"));
        }
    }
    golden("tests/abi/constants.txt", &text);
}

#[test]
fn statuses_are_the_cores() {
    let header = generated();
    let declared: BTreeSet<(String, u64)> = constants(&header)
        .into_iter()
        .filter(|(name, _)| name.starts_with("LGSTORE_E_"))
        .map(|(name, _)| (name.clone(), constant(&header, &name)))
        .collect();
    let core: BTreeSet<(String, u64)> = lgstore::error::Code::ALL
        .iter()
        .map(|code| (format!("LGSTORE_E_{}", code.name().to_uppercase()), code.status() as u64))
        .collect();
    assert_eq!(declared, core, "LGSTORE_E_* of the header, src/error.rs");
}

#[test]
fn operations_are_the_cores() {
    let header = generated();
    let declared: BTreeSet<(String, u64)> = constants(&header)
        .into_iter()
        .filter(|(name, _)| name.starts_with("LGSTORE_OP_"))
        .map(|(name, _)| (name.clone(), constant(&header, &name)))
        .collect();
    let core: BTreeSet<(String, u64)> = lgstore::store::operation::Kind::ALL
        .iter()
        .map(|kind| (format!("LGSTORE_OP_{}", kind.name().to_uppercase()), *kind as u64))
        .collect();
    assert_eq!(declared, core, "LGSTORE_OP_* of the header, src/store/operation.rs");
}

/// A C program that prints size and offsets of every struct that the header defines.
fn layout_program(header: &str) -> String {
    let mut program = String::from("#include <stdio.h>\n#include \"lgstore.h\"\nint main(void) {\n");
    for block in header.split("typedef struct ").skip(1) {
        let Some((name, rest)) = block.split_once(" {\n") else { continue };
        let Some((fields, _)) = rest.split_once("\n}") else { continue };
        if name.contains([' ', '\n']) {
            continue; // an opaque handle
        }
        program.push_str(&format!("  printf(\"{name} %zu bytes\\n\", sizeof({name}));\n"));
        let declarations = fields
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with(['*', '/']))
            .filter_map(|line| line.strip_suffix(';'));
        for declaration in declarations {
            let declared = declaration.split('[').next().unwrap_or(declaration);
            let field = declared.rsplit([' ', '*']).next().expect("a field's name");
            program.push_str(&format!(
                "  printf(\"  {field} at %zu, %zu bytes\\n\", offsetof({name}, {field}), \
                 sizeof((({name} *)0)->{field}));\n"
            ));
        }
    }
    program.push_str("  return 0;\n}\n");
    program
}

/// Layout as the C compiler sees it.
#[test]
fn layout_is_frozen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, program) = (folder.path().join("layout.c"), folder.path().join("layout"));
    fs::write(folder.path().join("lgstore.h"), generated()).expect("the header");
    fs::write(&source, layout_program(&generated())).expect("the program");
    let compiler = std::env::var("LGSTORE_CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(&compiler)
        .args(["-std=c11", "-o"])
        .args([&program, &source])
        .status()
        .unwrap_or_else(|error| panic!("{compiler}: {error}"));
    assert!(status.success(), "the layout program does not compile");
    let output = Command::new(&program).output().expect("layout runs");
    golden("tests/abi/layout.txt", &String::from_utf8(output.stdout).expect("UTF-8"));
}
