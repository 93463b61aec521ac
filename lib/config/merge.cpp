// Layers of a config: what a later one writes wins, key by key.
#include "config/value.h"

namespace fedsim {

void merge_over(Value& lower, const Value& upper) {
  const bool is_set = upper.place.source && upper.place.source->layer > 0;
  if (!is_set) {  // a --set has no table headers: the table stays where the file opens it
    lower.key = upper.key;
    lower.place = upper.place;
  }
  for (const auto& [name, value] : upper.members) {
    const auto found = lower.members.find(name);
    if (found == lower.members.end()) {
      lower.members.emplace(name, value);
    } else if (found->second.is_table() && value.is_table()) {
      merge_over(found->second, value);
    } else {
      auto before = std::make_shared<const Value>(std::move(found->second));
      found->second = value;
      found->second.replaced = std::move(before);
    }
  }
}

}  // namespace fedsim
