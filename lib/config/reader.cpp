#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "config/toml_text.h"
#include "core/text.h"

namespace fedsim {
namespace {

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

ConfigReader::ConfigReader(const ConfigDocument& document, std::string table, Complaints& complaints)
    : document_(document),
      table_(std::move(table)),
      complaints_(complaints),
      values_(document.table(table_)) {
  resolved_.name = table_;
  if (values_ || table_.empty()) return;
  if (const Value* other = document.root().find(table_))
    complaints_.add(other->key,
                    fmt::format("'{}': expected a table [{}], found {}", table_, table_, describe(*other)));
}

bool ConfigReader::written(std::string_view key) const { return values_ && values_->find(key); }

const Value* ConfigReader::look(std::string_view key) {
  visited_.emplace(key);
  return values_ ? values_->find(key) : nullptr;
}

void ConfigReader::complain(std::string_view key, const Value& value, const std::string& message,
                            const std::string& help) {
  wrong_.emplace(key);
  complaints_.add(value.is_table() ? value.key : value.place, message, help);
}

void ConfigReader::wrong_type(std::string_view key, const Value& value, std::string_view expected) {
  std::string help;
  if (value.kind == Value::Kind::string && (expected == "integer" || expected == "number") &&
      is_number(value.text))
    help = fmt::format("without quotes: {} = {}", key, value.text);
  else if (value.kind == Value::Kind::string && expected == "boolean" &&
           (value.text == "true" || value.text == "false"))
    help = fmt::format("without quotes: {} = {}", key, value.text);
  else if (expected == "string" && value.kind != Value::Kind::table && value.kind != Value::Kind::array)
    help = fmt::format("in quotes: {} = \"{}\"", key, value.text);
  complain(key, value, fmt::format("'{}': expected {}, found {}", key, expected, describe(value)), help);
}

bool ConfigReader::number(std::string_view key, const Value& value, Range allowed, double& result) {
  if (value.kind != Value::Kind::integer && value.kind != Value::Kind::real) {
    wrong_type(key, value, "number");
    return false;
  }
  const double read = value.kind == Value::Kind::integer ? static_cast<double>(value.integer) : value.real;
  if (!allowed.contains(read)) {
    complain(key, value, fmt::format("'{}' must be {}, got {}", key, allowed.to_string(), value.text));
    return false;
  }
  result = read;
  return true;
}

bool ConfigReader::integer(std::string_view key, const Value& value, Range allowed, std::int64_t& result) {
  if (value.kind == Value::Kind::real) {
    const bool whole = value.real == std::floor(value.real) && std::abs(value.real) < 9.0e15;
    complain(key, value,
             fmt::format("'{}': expected integer, found float: {} is not an integer", key, value.text),
             whole ? fmt::format("write {} = {}", key, static_cast<std::int64_t>(value.real)) : "");
    return false;
  }
  if (value.kind != Value::Kind::integer) {
    wrong_type(key, value, "integer");
    return false;
  }
  if (!allowed.contains(static_cast<double>(value.integer))) {
    complain(key, value, fmt::format("'{}' must be {}, got {}", key, allowed.to_string(), value.text));
    return false;
  }
  result = value.integer;
  return true;
}

void ConfigReader::operator()(std::string_view key, double& option, Range allowed, std::string_view) {
  if (const Value* value = look(key)) number(key, *value, allowed, option);
  record(key, toml_float(option));
}

void ConfigReader::operator()(std::string_view key, std::int64_t& option, Range allowed, std::string_view) {
  if (const Value* value = look(key)) integer(key, *value, allowed, option);
  record(key, fmt::format("{}", option));
}

void ConfigReader::operator()(std::string_view key, std::optional<double>& option, Range allowed,
                              std::string_view) {
  double read = 0;
  const Value* value = look(key);
  if (value && number(key, *value, allowed, read)) option = read;
  record(key, option ? toml_float(*option) : std::string());
}

void ConfigReader::operator()(std::string_view key, std::optional<std::int64_t>& option, Range allowed,
                              std::string_view) {
  std::int64_t read = 0;
  const Value* value = look(key);
  if (value && integer(key, *value, allowed, read)) option = read;
  record(key, option ? fmt::format("{}", *option) : std::string());
}

void ConfigReader::operator()(std::string_view key, Bytes& option, std::string_view) {
  const Value* value = look(key);
  if (value && value->kind == Value::Kind::string) {
    if (const auto bytes = parse_bytes(value->text))
      option.count = *bytes;
    else
      complain(key, *value, fmt::format("'{}': '{}' is not a number of bytes", key, value->text),
               fmt::format("e.g. {0} = 1000000, or {0} = \"512MiB\" (kB, MB, GB, TB; KiB, MiB, GiB, TiB)", key));
  } else if (value) {
    integer(key, *value, at_least(0), option.count);
  }
  record(key, option.given() ? fmt::format("{}", option.count) : std::string());
}

void ConfigReader::operator()(std::string_view key, bool& option, std::string_view) {
  if (const Value* value = look(key)) {
    if (value->kind == Value::Kind::boolean)
      option = value->boolean;
    else
      wrong_type(key, *value, "boolean");
  }
  record(key, option ? "true" : "false");
}

void ConfigReader::operator()(std::string_view key, std::string& option, const Choices& allowed,
                              std::string_view) {
  const Value* value = look(key);
  if (value && value->kind != Value::Kind::string) {
    wrong_type(key, *value, "string");
  } else if (value && !allowed.empty() &&
             std::find(allowed.begin(), allowed.end(), value->text) == allowed.end()) {
    std::string guess = nearest(value->text, allowed);
    if (guess.empty()) guess = nearest(lower(value->text), allowed);
    const std::string where = table_.empty() ? std::string() : fmt::format(" in [{}]", table_);
    complain(key, *value, fmt::format("unknown {} '{}'{}", key, value->text, where),
             fmt::format("{}{} is one of: {}",
                         guess.empty() ? std::string() : fmt::format("did you mean '{}'? ", guess), key,
                         fmt::join(allowed, ", ")));
  } else if (value) {
    option = value->text;
  }
  if (value || !option.empty()) record(key, toml_string(option));
}

void ConfigReader::operator()(std::string_view key, Path& option, std::string_view) {
  const Value* value = look(key);
  if (value && value->kind != Value::Kind::string) {
    wrong_type(key, *value, "string");
  } else if (value && value->text.empty()) {
    complain(key, *value, fmt::format("'{}' is empty, expected a path", key));
  } else if (value) {
    const std::filesystem::path path = (value->place.source->folder / value->text).lexically_normal();
    if (const auto refused = document_.refusal(path, *value->place.source)) {
      complain(key, *value, fmt::format("'{}': {}", key, refused->message), refused->help);
      return;
    }
    option.text = path.string();
    record(key, toml_string(option.text), option.text);
  }
}

void ConfigReader::operator()(std::string_view key, std::vector<std::string>& option, std::string_view) {
  const Value* value = look(key);
  if (value && value->kind != Value::Kind::array) {
    wrong_type(key, *value, "list of strings");
  } else if (value) {
    std::vector<std::string> read;
    for (const auto& item : value->items) {
      if (item.kind == Value::Kind::string)
        read.push_back(item.text);
      else
        complain(key, item,
                 fmt::format("'{}': expected a list of strings, found {} in it", key, describe(item)));
    }
    if (!wrong(key)) option = std::move(read);
  }
  if (!value && option.empty()) return;
  std::vector<std::string> items;
  for (const auto& item : option) items.push_back(toml_string(item));
  record(key, toml_array(items));
}

void ConfigReader::operator()(std::string_view key, std::vector<double>& option, Range allowed,
                              std::string_view) {
  const Value* value = look(key);
  if (value && value->kind != Value::Kind::array) {
    wrong_type(key, *value, "list of numbers");
  } else if (value) {
    std::vector<double> read;
    for (const auto& item : value->items)
      if (double one = 0; number(key, item, allowed, one)) read.push_back(one);
    if (!wrong(key)) option = std::move(read);
  }
  if (!value && option.empty()) return;
  std::vector<std::string> items;
  for (const double item : option) items.push_back(toml_float(item));
  record(key, toml_array(items));
}

void ConfigReader::reject(const OptionError& error) {
  wrong_.emplace(error.option);
  const std::string where = table_.empty() ? error.option : fmt::format("{}.{}", table_, error.option);
  complaints_.add(document_.place(table_, error.option), fmt::format("{}: {}", where, error.message),
                  error.help);
}

void ConfigReader::missing(std::string_view key, const std::string& help) {
  wrong_.emplace(key);
  const Place place = document_.table(table_) ? document_.table(table_)->key : document_.root().place;
  complaints_.add(place, fmt::format("missing required key '{}' in [{}]", key, table_), help);
}

void ConfigReader::record(std::string_view key, std::string text, std::filesystem::path path) {
  for (const auto& known : resolved_.keys)
    if (known.key == key) return;
  resolved_.keys.push_back({std::string(key), std::move(text), std::move(path)});
}

void ConfigReader::resolve(const std::string& key, const std::string& text) {
  for (auto& known : resolved_.keys)
    if (known.key == key) known.text = text;
}

ResolvedTable ConfigReader::resolved() const {
  ResolvedTable filled{.name = resolved_.name, .keys = {}};
  for (const auto& one : resolved_.keys)
    if (!one.text.empty()) filled.keys.push_back(one);
  return filled;
}

}  // namespace fedsim
