# Completion of credis in bash: credis itself knows the candidates.
_credis()
{
	local line=${COMP_LINE:0:COMP_POINT} words current candidate before=

	read -ra words <<< "$line"
	[[ $line == *[[:blank:]] ]] && words+=("")
	words=("${words[@]//[\'\"\\]/}")
	current=${words[-1]}
	# readline replaces only what follows the last '='
	[[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && before=${current%%=*}=

	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		printf -v candidate %q "${candidate#"$before"}"
		COMPREPLY+=("$candidate")
	done < <("$1" complete -- "${words[@]:1}" 2> /dev/null)
	[[ ${COMPREPLY[0]-} == *[.=] ]] && compopt -o nospace
	return 0
}
complete -F _credis credis
