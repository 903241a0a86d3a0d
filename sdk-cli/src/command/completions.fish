
# Names that only the project knows come from the command.
complete -c cargo -n '__fish_seen_subcommand_from machinist' -a '(cargo-machinist candidates -- (commandline -opc) (commandline -ct) 2>/dev/null)'
complete -c cargo-machinist -a '(cargo-machinist candidates -- (commandline -opc) (commandline -ct) 2>/dev/null)'
