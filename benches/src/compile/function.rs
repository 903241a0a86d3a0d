pub fn f{i}(words: &[String], least: usize) -> Vec<(String, usize)> {
    let mut counts = std::collections::HashMap::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        *counts.entry(word).or_insert({i}usize) += 1;
    }
    let mut counts: Vec<(String, usize)> =
        counts.into_iter().filter(|(_, count)| *count >= least).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if counts.is_empty() {
        eprintln!("no word of {} occurs {least} times", words.len());
    }
    counts
}
