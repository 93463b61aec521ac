#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace fedsim {
namespace {

constexpr std::size_t most_complaints = 20;

/// The file named by `base = ...` in `table`, taken out of it; "" where there is none.
std::filesystem::path take_base(Value& table, Place& place) {
  const auto found = table.members.find("base");
  if (found == table.members.end()) return {};
  const Value base = std::move(found->second);
  table.members.erase(found);
  place = base.place;
  if (base.kind != Value::Kind::string || base.text.empty())
    throw ConfigError({base.place.error(
        fmt::format("'base': expected the name of a config file, found {}", describe(base)))});
  return base.text;
}

/// `file` over its bases.
Value read_chain(const SourcePtr& source, const std::filesystem::path& file, const ConfigDocument& document) {
  std::vector<Value> layers;
  std::vector<std::filesystem::path> seen;
  SourcePtr current = source;
  std::filesystem::path shown = file;  // as the user would write it
  for (;;) {
    seen.push_back(std::filesystem::weakly_canonical(shown));
    layers.push_back(parse_toml(current));
    Place place;
    const auto base = take_base(layers.back(), place);
    if (base.empty()) break;
    shown = (shown.parent_path() / base).lexically_normal();
    std::error_code code;
    if (std::find(seen.begin(), seen.end(), std::filesystem::weakly_canonical(shown, code)) != seen.end())
      throw ConfigError({place.error(fmt::format("'base' leads back to {}: a cycle", shown.string()))});
    if (const auto refused = document.refusal(shown, *current))
      throw ConfigError({place.error(fmt::format("'base': {}", refused->message), refused->help)});
    try {
      current = read_source(shown, shown.string(), current->layer - 1);
    } catch (const ConfigError& error) {
      const Diagnostic& cause = error.diagnostics().front();
      throw ConfigError(
          {place.error(fmt::format("base {}: {}", cause.file, cause.message),
                       cause.help.empty() ? "a base is relative to the file that names it" : cause.help)});
    }
  }
  Value merged = std::move(layers.back());
  for (std::size_t i = layers.size() - 1; i > 0; --i) merge_over(merged, layers[i - 1]);
  return merged;
}

}  // namespace

std::optional<ConfigDocument::Refusal> ConfigDocument::refusal(const std::filesystem::path& path,
                                                               const Source& source) const {
  const bool typed = source.layer > 0;  // in a --set
  if (outside_ == Outside::allowed || typed || tree_.holds(path)) return std::nullopt;
  return Refusal{fmt::format("{} is outside of the config's folder tree, {}", path.string(), tree_.root().string()),
                 "move it there, name it with --set, or accept it with --allow-outside"};
}

ConfigDocument::ConfigDocument(const std::filesystem::path& file, const std::vector<std::string>& sets, Outside outside)
    : source_(read_source(file, file.string())), tree_(file), outside_(outside) {
  Complaints complaints;
  try {
    root_ = read_chain(source_, file, *this);
  } catch (const ConfigError& error) {
    complaints.add(error);
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    try {
      const Value value = parse_set(sets[i], i + 1, source_->folder, static_cast<int>(i) + 1);
      if (const Value* base = value.find("base"))
        throw ConfigError(
            {base->key.error("'base' belongs into a config file", "name the other file as CONFIG")});
      merge_over(root_, value);
    } catch (const ConfigError& error) {
      complaints.add(error, static_cast<int>(i) + 1);
    }
  }
  complaints.throw_if_any();
  root_.key = root_.place = Place{.source = source_, .line = 0};
}

const Value* ConfigDocument::table(std::string_view name) const {
  if (name.empty()) return &root_;
  const Value* found = root_.find(name);
  return found && found->is_table() ? found : nullptr;
}

Place ConfigDocument::place(std::string_view name, std::string_view key) const {
  const Value* found = table(name);
  if (!found) return root_.place;
  const Value* value = found->find(key);
  if (!value) return found->key;
  return value->is_table() ? value->key : value->place;
}

void Complaints::add(const Place& place, const std::string& message, const std::string& help) {
  found_.push_back({place.source ? place.source->layer : 0, place.error(message, help)});
}

void Complaints::add(const ConfigError& error, int layer) {
  for (const auto& diagnostic : error.diagnostics()) found_.push_back({layer, diagnostic});
}

void Complaints::throw_if_any() const {
  if (found_.empty()) return;
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Found& a, const Found& b) {
    return std::tie(a.layer, a.diagnostic.line, a.diagnostic.column) <
           std::tie(b.layer, b.diagnostic.line, b.diagnostic.column);
  });
  std::vector<Diagnostic> diagnostics;
  for (const auto& found : sorted) {
    if (diagnostics.size() == most_complaints) break;
    diagnostics.push_back(found.diagnostic);
  }
  if (sorted.size() > most_complaints)
    diagnostics.push_back(
        {.file = diagnostics.front().file,
         .message = fmt::format("{} more errors are not shown", sorted.size() - most_complaints),
         .source_line = {},
         .help = {}});
  throw ConfigError(std::move(diagnostics));
}

}  // namespace fedsim
