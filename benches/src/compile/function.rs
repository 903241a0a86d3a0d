pub fn f{i}(words: &[String], least: usize) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for word in words {
        *counts.entry(word.to_lowercase()).or_insert({i}usize) += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= least).collect()
}
