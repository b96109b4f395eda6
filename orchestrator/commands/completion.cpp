// completion: scripts for shells, and what they ask: what may be typed next.
#include "orchestrator/cli/completion.hpp"

#include "base/error.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/project_loading.hpp"
#include "orchestrator/commands/list.hpp"

namespace estiba::orchestrator {
namespace {

constexpr std::string_view bash_script =
    R"sh(# bash completion for estiba. To use it:  source <(estiba completion bash)
# No compgen -W: it expands what it is given, and a Compose file may name a command in there.
_estiba() {
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" completion words "${COMP_WORDS[@]:1:COMP_CWORD}" \
    2>/dev/null | cut -f1)
  [[ ${COMPREPLY[0]-} == *. ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _estiba estiba
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef estiba
# zsh completion for estiba. To use it:  source <(estiba completion zsh)
_estiba() {
  local line text; local -a candidates begun
  for line in "${(@f)$(${words[1]} completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    text=${line%%$'\t'*} line=${line#*$'\t'}
    text=${text//:/\\:}${line:+:$line}
    # More is to come behind a dot.
    if [[ ${text%%:*} == *. ]]; then begun+=("$text"); else candidates+=("$text"); fi
  done
  if (( $#candidates + $#begun )); then
    _describe estiba candidates -- begun -S ''
  else
    _files
  fi
}
compdef _estiba estiba
)sh";

// fish adds files to what it is given, unless it is told when not to.
constexpr std::string_view fish_script =
    R"sh(# fish completion for estiba. To use it:  estiba completion fish | source
function __estiba_words
  estiba completion words (commandline -opc)[2..] (commandline -ct) 2>/dev/null
end
complete -c estiba -f -n 'count (__estiba_words) >/dev/null' -a '(__estiba_words)'
)sh";

// Whatever its profiles and even if it is not consistent yet.
spec::Project project_for(const Invocation& invocation, const Arguments& globals) {
  spec::LoadOptions options =
      load_options({invocation.command, globals, Arguments{}, invocation.paths});
  options.check_consistency = false;
  options.resolve_environment = false;
  options.outputs = spec::project_output;
  return spec::load(options).project.value_or(spec::Project{});
}

void print_candidates(const Invocation& invocation) {
  CompletionSource source;
  source.services = [&](const Arguments& globals) {
    return service_names(project_for(invocation, globals));
  };
  source.profiles = [&](const Arguments& globals) {
    return profile_names(project_for(invocation, globals));
  };
  std::span<const std::string> words = invocation.words();
  std::string out;
  for (const Candidate& one : complete(words.subspan(1), source))
    out += cat(one.text, "\t", one.meaning, "\n");
  print(out);
}

int run(const Invocation& invocation) {
  const std::string& shell = invocation.words().front();
  if (shell == "words") {
    print_candidates(invocation);
  } else if (shell == "bash") {
    print(std::string(bash_script));
  } else if (shell == "zsh") {
    print(std::string(zsh_script));
  } else if (shell == "fish") {
    print(std::string(fish_script));
  } else {
    throw Error(cat("there is no completion for \"", shell, "\"; it is for bash, zsh and fish"));
  }
  return 0;
}

}  // namespace

extern const Command completion_command{
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "Print a script that completes commands, flags, services and attributes",
    .min_words = 1,
    .words = Words::end_the_flags,
    .section = Section::host,
    .privilege = Privilege::none,
    .run = run};

}  // namespace estiba::orchestrator
