
# Names that only the project knows come from the command, all else as zsh has it.
_cargo_machinist_names() {
    local -a names line
    local text
    line=("${(z)LBUFFER}")
    [[ $LBUFFER == *[[:space:]] ]] && line+=('')
    if text=$(cargo-machinist candidates -- "${line[@]}" 2>/dev/null); then
        names=("${(f)text}")
        compadd -- $names
        return
    fi
    _default
}
