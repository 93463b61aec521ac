// Registries: what a config can name. A class registers itself by the last line of its own file:
//
//   const Register<Algorithm, FedProx> entry{"fedprox", "a proximal term against client drift", "arXiv:1812.06127"};
//
// The class has a nested `Options` (see options.h) and a constructor that takes it. Object files of static
// libraries would be dropped by the linker: every folder of lib/ is an OBJECT library.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace fedsim {

template <class Base>
struct Entry {
  std::string name;
  std::string help;   // one line
  std::string paper;  // "arXiv:1602.05629", may be empty
  std::function<std::unique_ptr<Base>(OptionVisitor&)> make;  // visits fresh Options, then constructs
  std::function<std::vector<OptionInfo>()> options;
};

template <class Base>
class Registry {
 public:
  /// All entries, sorted by name.
  static std::vector<const Entry<Base>*> all() {
    std::vector<const Entry<Base>*> sorted;
    for (const auto& entry : entries()) sorted.push_back(entry.get());
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->name < b->name; });
    return sorted;
  }
  /// nullptr where there is no such name.
  static const Entry<Base>* find(std::string_view name) {
    for (const auto& entry : entries())
      if (entry->name == name) return entry.get();
    return nullptr;
  }
  static std::vector<std::string> names() {
    std::vector<std::string> result;
    for (const auto* entry : all()) result.push_back(entry->name);
    return result;
  }
  static void add(Entry<Base> entry) { entries().push_back(std::make_unique<Entry<Base>>(std::move(entry))); }

 private:
  static std::vector<std::unique_ptr<Entry<Base>>>& entries() {
    static std::vector<std::unique_ptr<Entry<Base>>> list;
    return list;
  }
};

template <class Base, class Derived>
struct Register {
  Register(std::string name, std::string help, std::string paper = "") {
    Registry<Base>::add({std::move(name), std::move(help), std::move(paper),
                         [](OptionVisitor& visitor) -> std::unique_ptr<Base> {
                           typename Derived::Options options;
                           options.visit(visitor);
                           return std::make_unique<Derived>(std::move(options));
                         },
                         [] { return describe<typename Derived::Options>(); }});
  }
};

}  // namespace fedsim
