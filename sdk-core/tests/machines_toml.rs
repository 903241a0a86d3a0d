//! `machines.toml`: what is read from it, and the messages for its mistakes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use machinist_core::MachineKind;
use machinist_core::built_in::GPU_H100;
use machinist_core::catalogue::Catalogue;
use machinist_core::machines_toml::read;
use proptest::prelude::*;

const A6000: &str = r#"
# Ours, in the cellar.
[GPU-A6000]
vram = "48 GB"
ram = "60 GB"        # of a half machine
cpus = 12.5
bandwidth = "768 GB/s"
encoders = 1
decoders = 2
av1_encode = false
max_gpus = 16
suits = 'renders'
node_labels = [
    "NVIDIA-RTX-A6000",  # both
    "NVIDIA-RTX-A6000-SHARED",
]
accelerator = "RTXA6000"
dstack = "A6000"
fal = "GPU-A6000-PRO"
"#;

#[test]
fn a_custom_machine_type_has_every_figure() {
    let custom = read(A6000).unwrap();
    let machine = &custom[0];
    assert_eq!(
        (
            machine.figures.vram_mb,
            machine.figures.ram_mb,
            machine.figures.millicores,
            machine.figures.bandwidth_gb_s
        ),
        (48_000, 60_000, 12_500, 768)
    );
    assert_eq!(
        (
            machine.figures.encoders,
            machine.figures.decoders,
            machine.figures.av1_encode
        ),
        (1, 2, Some(false))
    );
    assert_eq!(
        (
            machine.figures.max_gpus,
            machine.suits.clone(),
            machine.figures.kind()
        ),
        (16, "renders".to_owned(), MachineKind::Gpu)
    );
    assert_eq!(
        custom[0].node_labels,
        ["NVIDIA-RTX-A6000", "NVIDIA-RTX-A6000-SHARED"]
    );
    assert_eq!(
        custom[0].json(),
        r#"{"name":"GPU-A6000","vram":48000,"ram":60000,"cpus":12.5,"bandwidth":768,"encoders":1,"decoders":2,"av1_encode":false,"max_gpus":16,"node_labels":["NVIDIA-RTX-A6000","NVIDIA-RTX-A6000-SHARED"],"accelerator":"RTXA6000","dstack":"A6000","fal":"GPU-A6000-PRO"}"#
    );
}

#[test]
fn figures_of_a_built_in_machine_type_are_replaced_one_by_one() {
    let custom = read("[GPU-H100]\nram = \"96 GB\"\n").unwrap();
    let all = Catalogue::with(custom);
    let machine = all.find("GPU-H100").unwrap();
    assert_eq!(
        (machine.figures.ram_mb, machine.figures.vram_mb),
        (96_000, GPU_H100.figures.vram_mb)
    );
    assert_eq!(all.machines().len(), Catalogue::built_in().machines().len());
}

#[test]
fn usable_memory_of_another_size_of_memory_is_not_known() {
    let usable = |text| read(text).unwrap()[0].figures.vram_usable_mb;
    assert!(usable("[GPU-H100]\nram = \"96 GB\"\n").is_some());
    assert_eq!(usable("[GPU-H100]\nvram = \"96 GB\"\n"), None);
    let both = "[GPU-H100]\nvram_usable = \"94 GB\"\nvram = \"96 GB\"\n";
    assert_eq!(usable(both), Some(94_000));
}

#[test]
fn a_price_is_a_decimal_number_for_each_gpu() {
    let custom = read("[GPU-H100]\nprice_per_hour = 1.99\n[XL]\nprice_per_hour = 0\n").unwrap();
    assert_eq!(custom[0].figures.price_per_hour, Some(19_900));
    assert_eq!(custom[0].figures.with_gpus(2).price_per_hour, Some(39_800));
    assert_eq!(custom[1].figures.price_per_hour, Some(0));
    assert!(custom[0].json().contains(r#""price_per_hour":1.99"#));
    assert!(read("[XL]\nprice_per_hour = \"1.99\"\n").is_err());
}

#[test]
fn similar_names_are_built_in_and_custom() {
    let all = Catalogue::with(read(A6000).unwrap());
    assert_eq!(all.similar("a6000").unwrap().name, "GPU-A6000");
    assert_eq!(all.similar("GPU-A600O").unwrap().name, "GPU-A6000");
    assert_eq!(all.similar("H100").unwrap().name, "GPU-H100");
    let sizes: Vec<_> = all
        .machines()
        .iter()
        .map(|machine| machine.size())
        .collect();
    assert!(sizes.is_sorted());
}

#[test]
fn mistakes_are_reported_with_their_place() {
    for (text, expected) in [
        (
            "[GPU-X]\nvram = 48\n",
            "`machines.toml:2:8`: `vram` takes a size",
        ),
        (
            "[GPU-X]\nvram = \"48 GiB\"\n",
            "`machines.toml:2:8`: `vram`",
        ),
        (
            "[GPU-X]\nvrma = \"48 GB\"\n",
            "`machines.toml:2:1`: unknown key `vrma`\nhelp: a key with a similar name exists: `vram`",
        ),
        (
            "[GPU-X]\nvram = \"48 GB\"\n",
            "`machines.toml:1:2`: `GPU-X` has no `ram`\nhelp: write `ram = \"120 GB\"`",
        ),
        (
            "[XXL]\nram = \"60 GB\"\ncpus = 9\nencoders = 1\n",
            "`machines.toml:4:1`: `XXL` has no GPU, and `encoders` is a key of GPU types",
        ),
        (
            "[S]\nvram = \"1 GB\"\n",
            "`machines.toml:2:1`: `S` has no GPU, and `vram` is a key of GPU types",
        ),
        ("[GPU X]\n", "`machines.toml:1:6`: expected `]`"),
        (
            "[\"GPU X\"]\n",
            "`machines.toml:1:2`: `GPU X` is not a valid name of a machine type",
        ),
        (
            "ram = 1\n",
            "`machines.toml:1:1`: the key `ram` belongs to no machine type",
        ),
        (
            "[A]\nram = \"1 GB\nx",
            "`machines.toml:2:7`: unterminated string",
        ),
        (
            "[A]\nram = 1 2\n",
            "`machines.toml:2:9`: unexpected text after a value",
        ),
        ("[A]\nram = {}\n", "`machines.toml:2:7`: expected a value"),
        (
            "[A]\n[A]\n",
            "`machines.toml:2:2`: the table `A` is defined twice",
        ),
        (
            "[A]\nram = 1\nram = 1\n",
            "`machines.toml:3:1`: `ram` is given twice",
        ),
        (
            "[A]\nsuits = \"\"\"x\"\"\"\n",
            "`machines.toml:2:9`: multi-line strings are not supported",
        ),
        (
            "[A]\nsuits = \"\\x\"\n",
            "`machines.toml:2:10`: unknown escape",
        ),
        (
            "[GPU-H100]\nmax_gpus = 65\n",
            "`machines.toml:2:12`: `max_gpus` takes a whole number from 1 to 64, not `65`",
        ),
        (
            "[GPU-H100]\nnode_labels = [\"a\", 1]\n",
            "`machines.toml:2:21`: `node_labels` takes a string, not 1",
        ),
        (
            "[GPU-H100]\nnode_labels = [\"a\", \"b: c\"]\n",
            "`machines.toml:2:21`: `b: c` is not a valid label of nodes",
        ),
        (
            "[GPU-H100]\naccelerator = \"H100\\n\"\n",
            "`machines.toml:2:15`: `H100\\n` is not a valid name of a GPU",
        ),
        (
            "[GPU-H100]\ndstack = \"H100:80GB\"\n",
            "`machines.toml:2:10`: `H100:80GB` is not a valid name of a GPU",
        ),
        (
            "[GPU-H100]\nfal = \"\\u202e\"\n",
            "`machines.toml:2:7`: `\\u{202e}` is not a valid name of a machine type",
        ),
        (
            &("[GPU-H100]\nnode_labels = ".to_owned() + &"[".repeat(1 << 20)),
            "`machines.toml:2:16`: unexpected list in a list",
        ),
        (
            "[GPU-H100]\nfal = 1\n",
            "`machines.toml:2:7`: `fal` takes a string, not 1",
        ),
    ] {
        let problem = read(text).unwrap_err().located("machines.toml").to_string();
        assert!(problem.starts_with(expected), "{text}\n{problem}");
    }
}

/// Lines that are mostly such as stand in the file.
fn lines() -> impl Strategy<Value = String> {
    let word = "[-a-zA-Z0-9_.+]{1,8}";
    let text = r#"("([^"\\]|\\["\\ntru]|\\u00e9){0,8}"|'[^']{0,8}')"#;
    let value = format!(
        "({word}|{text}|true|-?[0-9_]{{1,4}}(\\.[0-9]{{1,3}})?|\\[ ?({text}(, ?|,\n))*({text})? ?\\])"
    );
    let line = format!(
        "(\\[{word}\\]|{word} = {value}|{word}={value} # {word}|# .{{0,8}}|[ \t]{{0,2}}|.{{0,8}})"
    );
    prop::collection::vec(prop::string::string_regex(&line).unwrap(), 0..6)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// What is understood here is TOML, and means the same there.
    #[test]
    fn what_is_read_is_what_a_parser_of_all_toml_reads(text in lines()) {
        let Ok(tables) = machinist_core::machines_toml::tables(&text) else { return Ok(()) };
        let whole: toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{text:?}: {error}")))?;
        prop_assert_eq!(tables.len(), whole.len(), "{:?}", text);
        for (name, entries) in tables {
            let table = whole[&name].as_table().unwrap();
            prop_assert_eq!(entries.len(), table.len());
            for (key, value) in entries {
                prop_assert!(is_same(&value, &table[&key]), "{value:?} {:?} in {text:?}", table[&key]);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = read(&text);
    }
}

fn is_same(ours: &machinist_core::attribute::Value, theirs: &toml::Value) -> bool {
    use machinist_core::attribute::Value;
    match (ours, theirs) {
        (Value::Text(ours), toml::Value::String(theirs)) => ours == theirs,
        (Value::Integer(ours), toml::Value::Integer(theirs)) => *ours == i128::from(*theirs),
        (Value::Number(ours), toml::Value::Float(theirs)) => ours.parse() == Ok(*theirs),
        (Value::Bool(ours), toml::Value::Boolean(theirs)) => ours == theirs,
        (Value::List(ours), toml::Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|((ours, _), theirs)| is_same(ours, theirs))
        }
        _ => false,
    }
}
