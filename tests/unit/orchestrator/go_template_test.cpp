#include "orchestrator/ui/go_template.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "orchestrator/ui/formatted.hpp"

namespace estiba::orchestrator::ui {
namespace {

const Json row{{"Name", "shop-web-1"},
               {"ExitCode", 3},
               {"Health", ""},
               {"Labels", "a=1,b=2"},
               {"Publishers", {{{"PublishedPort", 80}}, {{"PublishedPort", 81}}}},
               {"Map", {{"k", "v"}}}};

std::string render(const std::string& text) { return GoTemplate(text).render(row); }

std::string complaint(const std::string& text) {
  try {
    render(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "none";
}

TEST(GoTemplate, PrintsFieldsAmongText) {
  EXPECT_EQ(render("<{{.Name}}> {{ .ExitCode }}"), "<shop-web-1> 3");
}

TEST(GoTemplate, CallsFunctionsAndPipes) {
  EXPECT_EQ(render("{{json .Map}}"), R"({"k":"v"})");
  EXPECT_EQ(render("{{.Name | upper}}"), "SHOP-WEB-1");
  EXPECT_EQ(render("{{join (split .Labels \",\") \";\"}}"), "a=1;b=2");
  EXPECT_EQ(render("{{title \"two words\"}}{{lower \"ABC\"}}"), "Two Wordsabc");
  EXPECT_EQ(render("{{pad .Name 1 2}}|{{truncate .Name 4}}"), " shop-web-1  |shop");
  EXPECT_EQ(render("{{println .ExitCode \"x\"}}"), "3 x\n");
  EXPECT_EQ(render("{{index .Map \"k\"}}{{len .Publishers}}"), "v2");
  EXPECT_EQ(render("{{printf \"%-6s|%3d%%\" \"ab\" 7}}"), "ab    |  7%");
}

TEST(GoTemplate, FindsALabelByItsKey) {
  EXPECT_EQ(render("{{.Label \"b\"}}|{{.Label \"c\"}}"), "2|");
}

TEST(GoTemplate, BranchesAndLoops) {
  EXPECT_EQ(render("{{if .Health}}h{{else if eq .ExitCode 3}}three{{else}}none{{end}}"), "three");
  EXPECT_EQ(render("{{if and .Name (not .Health)}}yes{{end}}"), "yes");
  EXPECT_EQ(render("{{range .Publishers}}{{.PublishedPort}} {{end}}"), "80 81 ");
  EXPECT_EQ(
      render("{{range $i, $p := .Publishers}}{{$i}}:{{$p.PublishedPort}},{{$.ExitCode}} {{end}}"),
      "0:80,3 1:81,3 ");
  EXPECT_EQ(render("{{range .Health}}x{{else}}empty{{end}}"), "empty");
  EXPECT_EQ(render("{{with .Map}}{{.k}}{{end}}"), "v");
}

TEST(GoTemplate, TrimsWhereAskedTo) { EXPECT_EQ(render("a  {{- .ExitCode -}}  b"), "a3b"); }

TEST(GoTemplate, SaysWhatIsWrong) {
  EXPECT_EQ(complaint("{{.Nmae}}"), "template: there is no field \"Nmae\"; did you mean \"Name\"?");
  EXPECT_EQ(complaint("{{.Name"), "template: a {{ has no }}");
  EXPECT_EQ(complaint("{{if .Name}}x"), "template: an {{end}} is missing");
  EXPECT_EQ(complaint("{{uper .Name}}"),
            "template: there is no function \"uper\"; did you mean \"upper\"?");
}

TEST(Formatted, JsonIsOneObjectALine) {
  EXPECT_EQ(formatted("json", {Json{{"A", 1}}, Json{{"A", 2}}}), "{\"A\":1}\n{\"A\":2}\n");
}

TEST(Formatted, ATableHasTitlesFromTheFields) {
  EXPECT_EQ(formatted("table {{.Name}}\\t{{.RunningFor}}",
                      {Json{{"Name", "a"}, {"RunningFor", "2 days"}}}),
            "NAME      RUNNING FOR\na         2 days\n");
}

}  // namespace
}  // namespace estiba::orchestrator::ui
