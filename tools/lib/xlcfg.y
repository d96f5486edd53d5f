/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grammar of xl.cfg: see cfgfile.h. */
%define api.pure full
%define api.prefix {xlcfg_yy}
%define parse.error verbose
%locations
%parse-param { void *scanner } { struct xlcfg *state }
%lex-param { void *scanner }
%code requires {
struct xlcfg;
}
%union {
	char *text;
	struct cfg_value *value;
}
%{
#include <stdlib.h>

#include "tools/lib/xlcfg.h"
#include "build/gen/tools/lib/xlcfg_parse.h"

int xlcfg_yylex(XLCFG_YYSTYPE *value, XLCFG_YYLTYPE *place, void *scanner);
static void xlcfg_yyerror(XLCFG_YYLTYPE *place, void *scanner, struct xlcfg *state, const char *message)
{
	(void)scanner;
	xlcfg_fail(state, place->first_line, place->first_column, message);
}
%}
%token <text> IDENT "a name" NUMBER "a number" STRING "a string"
%token NEWLINE "end of line" ADD "+=" BAD "a character that does not belong here" END 0 "end of file"
%type <value> value items
%destructor { free($$); } <text>
%destructor { xlcfg_value_free($$); } <value>

%%

file:	%empty
	| file end
	| file setting end
	| file setting END
	;

end:	NEWLINE
	| ';'
	;

setting:
	IDENT '=' value		{ xlcfg_set(state, $1, false, $3, @1.first_line, @1.first_column); }
	| IDENT ADD value	{ xlcfg_set(state, $1, true, $3, @1.first_line, @1.first_column); }
	;

value:	NUMBER			{ $$ = xlcfg_atom(CFG_NUMBER, $1, @1.first_line, @1.first_column); }
	| STRING		{ $$ = xlcfg_atom(CFG_STRING, $1, @1.first_line, @1.first_column); }
	| '[' items ']'		{ $$ = $2; $$->at.line = @1.first_line; $$->at.column = @1.first_column; }
	| '[' items ',' ']'	{ $$ = $2; $$->at.line = @1.first_line; $$->at.column = @1.first_column; }
	| '[' ']'		{ $$ = xlcfg_list(@1.first_line, @1.first_column); }
	;

items:	value			{ $$ = xlcfg_list(@1.first_line, @1.first_column); xlcfg_append($$, $1); }
	| items ',' value	{ $$ = $1; xlcfg_append($$, $3); }
	;
