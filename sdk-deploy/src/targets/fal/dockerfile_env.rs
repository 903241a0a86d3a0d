//! Environment variables in a `Dockerfile`: fal has no other place for them.

use std::collections::BTreeMap;

use machinist_core::problem::Problem;
use parse_dockerfile::Instruction;

/// The `Dockerfile` with these variables in its last stage.
pub(super) fn with_variables(
    dockerfile: &str,
    app: &str,
    env: &BTreeMap<String, String>,
) -> Result<String, Problem> {
    let mut text = dockerfile.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for (name, value) in env {
        text += &instruction(app, name, value)?;
    }
    // An instruction that goes on to the next line, or a text that does not end, would take them in.
    match count(&text) == count(dockerfile).map(|known| known + env.len()) {
        true => Ok(text),
        false => Err(Problem::new(format!(
            "no environment variables can be added to the `Dockerfile` of `{app}`"
        ))
        .help("end its last instruction with its line")
        .note("fal has no other place for the variables of `env`")),
    }
}

/// Sets a variable. Between single quotes a `Dockerfile` expands and escapes nothing.
fn instruction(app: &str, name: &str, value: &str) -> Result<String, Problem> {
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Problem::new(format!(
            "fal cannot give `{app}` the variable `{name}`: its value has a line break or another \
             control character"
        ))
        .help("write the value on one line")
        .note("fal takes variables from the image, and a `Dockerfile` has no form for these"));
    }
    let quoted = value.replace('\'', r#"'"'"'"#);
    Ok(format!("ENV {name}='{quoted}'\n"))
}

/// The number of `ENV` instructions; `None` if the text cannot be read.
fn count(dockerfile: &str) -> Option<usize> {
    let parsed = parse_dockerfile::parse(dockerfile).ok()?;
    let is_env = |instruction: &&Instruction<'_>| matches!(instruction, Instruction::Env(_));
    Some(parsed.instructions.iter().filter(is_env).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(dockerfile: &str, value: &str) -> Result<String, Problem> {
        let env = [("A".to_owned(), value.to_owned())].into();
        with_variables(dockerfile, "llm", &env)
    }

    #[test]
    fn a_value_is_quoted_and_ends_on_its_line() {
        for (value, quoted) in [
            ("", "''"),
            ("info", "'info'"),
            (r#"a "b" \ $HOME ${X} # \"#, r#"'a "b" \ $HOME ${X} # \'"#),
            ("it's", r#"'it'"'"'s'"#),
        ] {
            let expected = format!("FROM debian\nENV A={quoted}\n");
            assert_eq!(with("FROM debian", value).unwrap(), expected);
            assert_eq!(with("FROM debian\n", value).unwrap(), expected);
        }
        for value in ["a\nUSER root", "a\rb", "\u{1b}"] {
            let problem = with("FROM debian\n", value).unwrap_err();
            assert!(problem.message.contains("`A`"), "{problem}");
        }
    }

    #[test]
    fn an_instruction_that_takes_the_next_line_in_is_refused() {
        let open = "FROM debian\nRUN true \\\n";
        assert!(with(open, "x").is_err());
        let env = "FROM debian\nENV B=1\nRUN true\n";
        assert_eq!(with(env, "x").unwrap(), format!("{env}ENV A='x'\n"));
    }
}
