
# Names that only the project knows come from the command, all else from the script above.
_cargo_machinist_names() {
    local name names cur=$2
    # bash takes `--target=fal` for three words, of which the second is `=`.
    [[ $cur == = ]] && cur=
    if names=$(cargo-machinist candidates -- \
        "${COMP_WORDS[@]:0:COMP_CWORD}" "$cur" 2>/dev/null); then
        COMPREPLY=()
        while IFS= read -r name; do
            [[ -n $name ]] && COMPREPLY+=("$name")
        done <<< "$names"
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
        return 0
    fi
    _cargo_machinist "$@"
}

complete -F _cargo_machinist_names -o bashdefault -o default cargo-machinist

# `cargo machinist` is completed as `cargo-machinist` is, every other cargo command as before.
_cargo_or_machinist() {
    local nth=1
    # A toolchain: `cargo +nightly machinist`.
    [[ ${COMP_WORDS[1]} == +* ]] && nth=2
    if [[ $COMP_CWORD -gt $nth && ${COMP_WORDS[nth]} == machinist ]]; then
        COMP_WORDS=(cargo-machinist "${COMP_WORDS[@]:nth+1}")
        COMP_CWORD=$((COMP_CWORD - nth))
        _cargo_machinist_names cargo-machinist "$2" "$3"
        return
    fi
    if [[ -z $_cargo_before_machinist ]]; then
        # bash-completion loads cargo's own completion when it is first asked for.
        { _comp_load cargo || _completion_loader cargo; } &>/dev/null
        _cargo_take_over
    fi
    if [[ -n $_cargo_before_machinist ]]; then
        "$_cargo_before_machinist" "$@"
    fi
}

_cargo_take_over() {
    local before
    before=$(complete -p cargo 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
    if [[ $before != _cargo_or_machinist && $before != _comp_complete_load && $before != _minimal ]]; then
        _cargo_before_machinist=$before
    fi
    complete -F _cargo_or_machinist -o bashdefault -o default cargo
}

_cargo_take_over
