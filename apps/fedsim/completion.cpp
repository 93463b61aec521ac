// fedsim completion bash|zsh|fish: made from the commands and options as CLI11 has them, so that it never lags behind.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "fedsim/commands.h"

namespace fedsim::app {
namespace {

struct Flag {
  std::vector<std::string> names;    // "--output", "-o"
  std::string help;                  // one line
  bool value = false;                // takes one
  std::vector<std::string> choices;  // of the value; empty: any
};
struct Command {
  std::string name;  // empty: fedsim itself
  std::string help;  // one line
  std::vector<Flag> flags;
  std::vector<std::string> choices;  // of the positional arguments; empty: files
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// "a" and "b" of the type name "TEXT:{a,b}", CLI11's own way to say what an option may be.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.find('}');
  std::vector<std::string> result;
  if (open == std::string::npos || close == std::string::npos || close < open) return result;
  for (std::size_t at = open + 1; at < close;) {
    const auto end = std::min(type.find(',', at), close);
    // A mapping shows as "name->value"; only the name is typed.
    const std::string entry = type.substr(at, end - at);
    result.push_back(entry.substr(0, entry.find("->")));
    at = end + 1;
  }
  return result;
}

Command command_of(const CLI::App& app, bool root) {
  Command command{root ? "" : app.get_name(), first_line(app.get_description()), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && option->get_lnames().empty() && option->get_snames().empty()) {
      for (auto& choice : choices_of(*option)) command.choices.push_back(std::move(choice));
      continue;
    }
    Flag flag{{}, first_line(option->get_description()), option->get_items_expected_max() > 0, choices_of(*option)};
    for (const auto& name : option->get_lnames()) flag.names.push_back(fmt::format("--{}", name));
    for (const auto& name : option->get_snames()) flag.names.push_back(fmt::format("-{}", name));
    command.flags.push_back(std::move(flag));
  }
  return command;
}

/// fedsim itself first, then its sub-commands.
std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands{command_of(app, true)};
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_name().empty()) commands.push_back(command_of(*sub, false));
  return commands;
}

/// `text` with every character of `special` preceded by `escape`.
std::string escaped(const std::string& text, const std::string& special, const std::string& escape) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string::npos) result += escape;
    result += c;
  }
  return result;
}

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < commands.size(); ++i) names.push_back(commands[i].name);
  return names;
}

std::vector<std::string> flags_of(const Command& command) {
  std::vector<std::string> names;
  for (const auto& flag : command.flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

/// An empty reply lets readline complete file names.
std::string bash_script(const std::vector<Command>& commands) {
  const auto names = names_of(commands);
  std::string script = fmt::format(R"(# bash completion of fedsim: source <(fedsim completion bash)
_fedsim() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command='' word flags='' words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in {}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case "$command $previous" in
)",
                                   fmt::join(names, "|"));
  std::string flags;
  for (const auto& command : commands) {
    for (const auto& flag : command.flags) {
      if (!flag.value) continue;
      std::vector<std::string> cases;
      for (const auto& name : flag.names) cases.push_back(fmt::format("\"{} {}\"", command.name, name));
      script += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return ;;\n",
                            fmt::join(cases, "|"), fmt::join(flag.choices, " "));
    }
    flags += fmt::format("    \"{}\") flags=\"{}\" words=\"{}\" ;;\n", command.name, fmt::join(flags_of(command), " "),
                         fmt::join(command.name.empty() ? names : command.choices, " "));
  }
  return script + fmt::format(R"(  esac
  case "$command" in
{}  esac
  [[ $current == -* ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _fedsim fedsim)",
                              flags);
}

std::string zsh_arguments(const Command& command, const std::string& indent) {
  const auto quoted = [](const std::string& text) {
    // Brackets and colons are _arguments' own; a quote ends the shell's string.
    std::string result = escaped(text, "[]:\\", "\\");
    for (std::size_t at = 0; (at = result.find('\'', at)) != std::string::npos; at += 4) result.replace(at, 1, "'\\''");
    return result;
  };
  std::string lines;
  for (const auto& flag : command.flags) {
    std::string value;
    if (flag.value)
      value = flag.choices.empty() ? ":value:_files" : fmt::format(":value:({})", fmt::join(flag.choices, " "));
    for (const auto& name : flag.names)
      lines += fmt::format("{}'*{}[{}]{}' \\\n", indent, name, quoted(flag.help), value);
  }
  return lines;
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string names, cases;
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const auto& command = commands[i];
    std::string help = escaped(command.help, ":\\", "\\");
    for (std::size_t at = 0; (at = help.find('\'', at)) != std::string::npos; at += 4) help.replace(at, 1, "'\\''");
    names += fmt::format("    '{}:{}'\n", command.name, help);
    const std::string rest =
        command.choices.empty() ? "*:file:_files" : fmt::format("*:argument:({})", fmt::join(command.choices, " "));
    cases += fmt::format("      {}) _arguments \\\n{}          '{}' ;;\n", command.name,
                         zsh_arguments(command, "          "), rest);
  }
  return fmt::format(R"(#compdef fedsim
# zsh completion of fedsim: source <(fedsim completion zsh), or a file _fedsim in a folder of $fpath
_fedsim() {{
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
{}  )
  _arguments -C \
{}    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands 'command' commands ;;
    rest) case $words[1] in
{}    esac ;;
  esac
}}
if [ "$funcstack[1]" = _fedsim ]; then _fedsim "$@"; else compdef _fedsim fedsim; fi)",
                     names, zsh_arguments(commands.front(), "    "), cases);
}

std::string fish_script(const std::vector<Command>& commands) {
  const auto quoted = [](const std::string& text) { return fmt::format("'{}'", escaped(text, "'\\", "\\")); };
  std::string script = "# fish completion of fedsim: fedsim completion fish | source\n";
  for (const auto& command : commands) {
    const std::string where = command.name.empty() ? "__fish_use_subcommand"
                                                   : fmt::format("__fish_seen_subcommand_from {}", command.name);
    if (!command.name.empty())
      script += fmt::format("complete -c fedsim -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                            quoted(command.help));
    if (!command.choices.empty())
      script += fmt::format("complete -c fedsim -n {} -f -a {}\n", quoted(where),
                            quoted(fmt::format("{}", fmt::join(command.choices, " "))));
    for (const auto& flag : command.flags) {
      std::string line = fmt::format("complete -c fedsim -n {}", quoted(where));
      for (const auto& name : flag.names)
        line += name.substr(0, 2) == "--" ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
      if (!flag.choices.empty())
        line += fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(flag.choices, " "))));
      else if (flag.value)
        line += " -r";
      script += fmt::format("{} -d {}\n", line, quoted(flag.help));
    }
  }
  script.pop_back();
  return script;
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("completion", "prints a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "the shell: bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(fedsim completion bash)       # in ~/.bashrc\n"
      "  source <(fedsim completion zsh)        # in ~/.zshrc, after compinit\n"
      "  fedsim completion fish | source        # in ~/.config/fish/config.fish");
  command->callback([&app, &exit_code, shell] {
    const auto commands = commands_of(app);
    fmt::print("{}\n", *shell == "bash" ? bash_script(commands) : *shell == "zsh" ? zsh_script(commands)
                                                                                  : fish_script(commands));
    exit_code = 0;
  });
}

}  // namespace fedsim::app
