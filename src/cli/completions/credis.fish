# Completion of credis in fish: credis itself knows the candidates.
function __credis_complete
	set -l words (commandline -opc)
	$words[1] complete -- $words[2..-1] (commandline -ct) 2> /dev/null
end
complete -c credis -f -a '(__credis_complete)'
