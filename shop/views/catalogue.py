"""Which pages show what can be bought?"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop import catalogue
from shop.models import Category
from shop.views import shelf

_SHORTEST, _LONGEST = 2, 100


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    return shelf.answer(request, "shop/products.html", shelf.wishes(request))


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        shown = catalogue.category(slug=slug)
    except Category.DoesNotExist:
        raise Http404 from None
    return shelf.answer(request, "shop/category.html", shelf.wishes(request, category=slug) | {"category": shown})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    context = shelf.wishes(request)
    query = context["wanted"].search
    context["query"] = query
    if query and not context["page"].paginator.count and not context["chips"]:
        context |= {"meant": catalogue.correction(query=query), "popular": catalogue.popular()}
    return shelf.answer(request, "shop/search.html", context)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Asked for while somebody types, so a question that makes no sense is answered with nothing."""
    query = request.GET.get("q", "").strip()
    found = catalogue.suggestions(query=query) if _SHORTEST <= len(query) <= _LONGEST else None
    return render(request, "shop/partials/suggestions.html", {"query": query, "suggested": found})
