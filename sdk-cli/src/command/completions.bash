
complete -F _cargo_machinist -o bashdefault -o default cargo-machinist

# `cargo machinist` is completed as `cargo-machinist` is, every other cargo command as before.
_cargo_or_machinist() {
    if [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == machinist ]]; then
        COMP_WORDS=(cargo-machinist "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_machinist cargo-machinist "$2" "$3"
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
